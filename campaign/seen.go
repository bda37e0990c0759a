package campaign

import "strconv"

// seenNumbers remembers in which row each number came first. An E.164 number
// has at most fifteen digits and fits a machine word, which keeps a list of
// millions in memory bounds.
type seenNumbers struct {
	numbers map[uint64]int32
	uris    map[string]int
}

// add gives the row that had the number before, 0 for none.
func (s seenNumbers) add(number string, row int) int {
	if len(number) > 1 && number[0] == '+' {
		if n, err := strconv.ParseUint(number[1:], 10, 64); err == nil {
			if first, ok := s.numbers[n]; ok {
				return int(first)
			}
			s.numbers[n] = int32(row)
			return 0
		}
	}
	if first, ok := s.uris[number]; ok {
		return first
	}
	s.uris[number] = row
	return 0
}
