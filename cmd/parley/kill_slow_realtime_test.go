//go:build slow && !race

package main

import "testing"

// TestKilledTenTimes is the long form of TestKilledInTheMiddleOfACampaign.
func TestKilledTenTimes(t *testing.T) { killed(t, 10, 200) }
