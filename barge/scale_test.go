package barge

import (
	"reflect"
	"testing"
	"time"
)

// TestScaled: a silence that is added to Pauses belongs into the scale too.
func TestScaled(t *testing.T) {
	plain, double := reflect.ValueOf(Config{}.withDefaults().Pauses), reflect.ValueOf(Config{}.Scaled(200).Pauses)
	for i := range plain.NumField() {
		name := plain.Type().Field(i).Name
		a, ok := plain.Field(i).Interface().(time.Duration)
		if b := double.Field(i).Interface(); ok && b != 2*a {
			t.Errorf("%s is %v at 200 %%, want %v", name, b, 2*a)
		}
	}
	if c := (Config{}).Scaled(1); c.Pauses.YesNo != tick || c.Long != (Config{}).withDefaults().Long {
		t.Errorf("at 1 %%: %+v", c)
	}
}
