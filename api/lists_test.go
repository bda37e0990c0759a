package api

import (
	"strings"
	"testing"

	"parley/campaign"
)

func TestErrorsForASpreadsheet(t *testing.T) {
	var b strings.Builder
	writeErrors(&b, []campaign.RowError{
		{Row: 2, Column: "phone", Problem: "this is not a phone number"},
		{Row: 3, Column: "=1+1", Problem: "@SUM(A1)"},
		{Row: 4, Column: "-cmd", Problem: "+1"},
	})
	want := "row,column,problem\n2,phone,this is not a phone number\n3,'=1+1,'@SUM(A1)\n4,'-cmd,'+1\n"
	if b.String() != want {
		t.Errorf("wrote %q, want %q", b.String(), want)
	}
}
