package campaign

import (
	"errors"

	"parley/phone"
)

// CheckCallerID says in one sentence why a number cannot be presented to those
// who are called; it must be one that they can call back.
func CheckCallerID(number string) error {
	n, err := phone.Parse(number, "")
	switch {
	case err != nil:
		return err
	case n.E164 != number:
		return errors.New("write the caller ID as + with country code and digits only, like +12025550100")
	}
	switch n.Class {
	case phone.Loopback:
		return errors.New("a SIP address is no caller ID; give a number like +12025550100")
	case phone.Emergency, phone.Premium, phone.Satellite, phone.ShortCode, phone.Pager, phone.VoicemailBox, phone.Invalid:
		return errors.New("a caller ID must be a line that can be called back at its usual price; give a number of your own")
	}
	return nil
}
