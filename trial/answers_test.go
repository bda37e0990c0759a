package trial

import (
	"strings"
	"testing"
)

func TestAnnouncements(t *testing.T) {
	all, err := Announcements(strings.NewReader("split\tlanguage\tclass\ttext\ndev\ten\tbusy\tx\ntest\ten\tbusy\tthe line is busy\n"))
	if err != nil || len(all) != 1 || all[0].Class != "busy" {
		t.Errorf("only the test part: %+v, %v", all, err)
	}
	all, err = Announcements(strings.NewReader("text\tclass\n空号\tempty\n"))
	if err != nil || len(all) != 1 || all[0].Language != "zh" {
		t.Errorf("the language from the script: %+v, %v", all, err)
	}
	if _, err := Announcements(strings.NewReader("text\tclass\nhello\n")); err == nil {
		t.Error("a row without a class is taken")
	}
}
