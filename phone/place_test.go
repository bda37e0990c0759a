package phone

import "testing"

func TestPlaceOf(t *testing.T) {
	for number, want := range map[string]Place{
		"+12125550123": {"US", "NY", "212"}, "+18005550100": {"US", "", ""}, "+861012345678": {"CN", "Beijing", "10"},
		"+8613912345678": {"CN", "Jiangsu", ""}, "+8613800138000": {"CN", "Beijing", ""}, "+442079460000": {"GB", "London", "20"},
		"+33612345678": {"FR", "", ""}, "+881612345678": {}, "sip:a@127.0.0.1": {}, "": {}, "nobody": {},
	} {
		if got := PlaceOf(number); got != want {
			t.Errorf("PlaceOf(%q) = %+v, want %+v", number, got, want)
		}
	}
}

func TestNear(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want Nearness
	}{
		{"+12125550123", "+12125550999", InAreaCode}, {"+12125550123", "+17185550123", InRegion}, {"+12125550123", "+13105550123", InCountry},
		{"+12125550123", "+14165550123", Abroad}, {"+18005550100", "+12125550123", InCountry},
		{"+861012345678", "+8613800138000", InRegion}, {"+8613800138000", "+8613912345678", InCountry},
		{"+442079460000", "+12125550123", Abroad}, {"", "", Abroad}, {"+881612345678", "+881612345679", Abroad},
	} {
		if got := PlaceOf(c.a).Near(PlaceOf(c.b)); got != c.want {
			t.Errorf("%s is %v to %s, want %v", c.a, got, c.b, c.want)
		}
		if got := PlaceOf(c.b).Near(PlaceOf(c.a)); got != c.want {
			t.Errorf("%s is %v to %s, want %v", c.b, got, c.a, c.want)
		}
	}
}
