package silero

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// An ONNX file is one protocol buffer message. Of its hundreds of fields only
// these are read, by their numbers in onnx.proto3:
//
//	ModelProto.graph 7 ─▶ GraphProto.node 1 ─▶ NodeProto (op_type 4, attribute 5)
//	AttributeProto: name 1, t 5 (a tensor), g 6 (a graph)
//	TensorProto: dims 1, data_type 2, name 8, raw_data 9
//
// The graph is one If on the sampling rate; its else branch is the 8 kHz
// network, and that branch's Constant nodes are the weights.

var errCut = errors.New("the file is cut off or damaged")

// field is one field of a message: a number or bytes.
type field struct {
	number uint64
	bytes  []byte // nil unless it has a length
	value  uint64
}

// next reads the first field of a message and returns what follows it.
func next(msg []byte) (f field, rest []byte, err error) {
	key, n := binary.Uvarint(msg)
	if n <= 0 {
		return f, nil, errCut
	}
	msg, f.number = msg[n:], key>>3
	switch key & 7 {
	case 0:
		v, n := binary.Uvarint(msg)
		if n <= 0 {
			return f, nil, errCut
		}
		f.value = v
		return f, msg[n:], nil
	case 1:
		return skip(f, msg, 8)
	case 5:
		return skip(f, msg, 4)
	case 2:
		size, n := binary.Uvarint(msg)
		if n <= 0 || size > uint64(len(msg)-n) {
			return f, nil, errCut
		}
		end := n + int(size)
		f.bytes = msg[n:end:end]
		return f, msg[end:], nil
	}
	return f, nil, errCut
}

// skip passes a number of fixed size, of which none is of interest.
func skip(f field, msg []byte, n int) (field, []byte, error) {
	if len(msg) < n {
		return f, nil, errCut
	}
	return f, msg[n:], nil
}

// each calls do for every field of the message with this number.
func each(msg []byte, number uint64, do func(field) error) error {
	for len(msg) > 0 {
		f, rest, err := next(msg)
		if err != nil {
			return err
		}
		if msg = rest; f.number != number {
			continue
		}
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// only is the last field of the message with this number, as bytes.
func only(msg []byte, number uint64) (found []byte, err error) {
	err = each(msg, number, func(f field) error { found = f.bytes; return nil })
	return found, err
}

// weights finds the constants of the 8 kHz branch by their names.
func weights(file []byte) (map[string]tensor, error) {
	graph, err := only(file, 7)
	if err != nil {
		return nil, err
	}
	var branch []byte
	err = each(graph, 1, func(node field) error {
		op, err := only(node.bytes, 4)
		if err != nil || string(op) != "If" {
			return err
		}
		return each(node.bytes, 5, func(attribute field) error {
			name, err := only(attribute.bytes, 1)
			if err != nil || string(name) != "else_branch" {
				return err
			}
			branch, err = only(attribute.bytes, 6)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	found := map[string]tensor{}
	err = each(branch, 1, func(node field) error {
		op, err := only(node.bytes, 4)
		if err != nil || string(op) != "Constant" {
			return err
		}
		return each(node.bytes, 5, func(attribute field) error {
			return each(attribute.bytes, 5, func(value field) error {
				t, err := readTensor(value.bytes)
				if err == nil && t.name != "" {
					found[t.name] = t
				}
				return err
			})
		})
	})
	return found, err
}

// tensor is a constant; raw are its little-endian bytes inside the file.
type tensor struct {
	name string
	dims []int
	kind uint64
	raw  []byte
}

const (
	float32Kind = 1 // TensorProto.DataType.FLOAT
	mostDims    = 8
)

func readTensor(msg []byte) (t tensor, err error) {
	for len(msg) > 0 {
		f, rest, err := next(msg)
		if err != nil {
			return t, err
		}
		msg = rest
		switch f.number {
		case 1:
			if err := t.addDims(f); err != nil {
				return t, err
			}
		case 2:
			t.kind = f.value
		case 8:
			t.name = string(f.bytes)
		case 9:
			t.raw = f.bytes
		}
	}
	return t, nil
}

// addDims takes dimensions, one or, packed, several.
func (t *tensor) addDims(f field) error {
	one, packed := f.value, f.bytes
	for packedDims := f.bytes != nil; ; {
		if packedDims {
			if len(packed) == 0 {
				return nil
			}
			v, n := binary.Uvarint(packed)
			if n <= 0 {
				return errCut
			}
			one, packed = v, packed[n:]
		}
		if one > math.MaxInt32 || len(t.dims) == mostDims {
			return errCut
		}
		t.dims = append(t.dims, int(one))
		if !packedDims {
			return nil
		}
	}
}

// floats are the tensor's numbers when it has exactly these dimensions.
func (t tensor) floats(dims ...int) ([]float32, error) {
	size := 1
	same := len(dims) == len(t.dims) && t.kind == float32Kind
	for i, d := range dims {
		size *= d
		same = same && t.dims[i] == d
	}
	if !same {
		return nil, fmt.Errorf("%s has the dimensions %v instead of %v", t.name, t.dims, dims)
	}
	if len(t.raw) != 4*size {
		return nil, fmt.Errorf("%s has %d bytes instead of %d", t.name, len(t.raw), 4*size)
	}
	out := make([]float32, size)
	for i := range out {
		v := math.Float32frombits(binary.LittleEndian.Uint32(t.raw[4*i:]))
		// The greatest weight of the real network is below 100. With a bound
		// nothing in it can overflow and spoil a call's state for good.
		if !(v > -1e3 && v < 1e3) {
			return nil, fmt.Errorf("%s holds a number that is no weight", t.name)
		}
		out[i] = v
	}
	return out, nil
}
