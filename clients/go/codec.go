package verify

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What every operation, record and entry consists of, and the tables; written by ../layouts.py.
//
//go:embed layouts.json
var layoutsFile []byte

var registry struct {
	Operations []struct {
		Tag    int
		Name   string
		Layout string
	}
	Layouts   map[string]string
	Nested    map[string]int
	NoActions []int `json:"no_actions"`
	Tables    map[string]struct {
		Keyed  bool
		Layout string
	}
}

func init() {
	if err := json.Unmarshal(layoutsFile, &registry); err != nil {
		panic(err) // It is part of the program.
	}
}

// A Record is a decoded structure: its fields by their names in the reference. Integers are *big.Int, bytes []byte, lists
// []any, and what is absent is nil. Of what is one of several, "kind" says which.
type Record map[string]any

// rawBytes is where a transaction and a slip keep their own bytes, which were signed.
const rawBytes = "raw"

type reader struct {
	data  []byte
	place int
	depth int
}

func (r *reader) take(count int) ([]byte, error) {
	if count < 0 || count > len(r.data)-r.place {
		return nil, badWire(fmt.Sprintf("at byte %d", r.place), count, len(r.data)-r.place)
	}
	taken := r.data[r.place : r.place+count]
	r.place += count
	return taken, nil
}

func (r *reader) integer(size int) (*big.Int, error) {
	taken, err := r.take(size)
	reversed := make([]byte, len(taken))
	for place, each := range taken {
		reversed[len(taken)-1-place] = each
	}
	return new(big.Int).SetBytes(reversed), err
}

func (r *reader) number(size int) (int, error) {
	value, err := r.integer(size)
	return int(value.Int64()), err
}

// decode reads the one value that exactly these bytes encode. Every type refuses all but its one encoding.
func decode(layout string, data []byte) (Record, error) {
	r := &reader{data: data}
	value, err := r.read(layout)
	if err != nil {
		return nil, err
	}
	if r.place != len(data) {
		return nil, badWire(layout, r.place, len(data))
	}
	record, ok := value.(Record)
	if !ok {
		return nil, badWire(layout, "a structure", value)
	}
	return record, nil
}

func (r *reader) read(kind string) (any, error) {
	switch {
	case strings.HasSuffix(kind, "?"):
		tag, err := r.tag(kind, 1)
		if err != nil || tag == 0 {
			return nil, err
		}
		return r.read(strings.TrimSuffix(kind, "?"))
	case strings.HasPrefix(kind, "["):
		return r.list(kind[1 : len(kind)-1])
	case kind == "Action" || kind == "Operation":
		return r.operation(kind == "Action")
	case registry.Layouts[kind] != "":
		return r.layout(kind)
	case kind == "bool":
		tag, err := r.tag(kind, 1)
		return tag == 1, err
	case kind == "str":
		return r.text()
	case kind == "bytes":
		length, err := r.number(4)
		if err != nil {
			return nil, err
		}
		return r.take(length)
	case kind == "id":
		return r.take(32)
	case strings.HasPrefix(kind, "bytes"):
		size, err := strconv.Atoi(kind[5:])
		if err != nil {
			return nil, err
		}
		return r.take(size)
	}
	return r.wholeNumber(kind)
}

func (r *reader) wholeNumber(kind string) (any, error) {
	bits, err := strconv.Atoi(kind[1:])
	if err != nil {
		return nil, err
	}
	value, err := r.integer(bits / 8)
	if kind[0] == 'i' && value.Bit(bits-1) == 1 {
		value.Sub(value, new(big.Int).Lsh(big.NewInt(1), uint(bits)))
	}
	return value, err
}

// tag reads a byte that is at most so much.
func (r *reader) tag(what string, most int) (int, error) {
	place := r.place
	tag, err := r.number(1)
	if err == nil && tag > most {
		err = badWire(fmt.Sprintf("%s at byte %d", what, place), fmt.Sprintf("at most %d", most), tag)
	}
	return tag, err
}

func (r *reader) list(element string) (any, error) {
	count, err := r.number(4)
	if err != nil {
		return nil, err
	}
	// Every element takes a byte or more, so that a false count is refused before anything is made for it.
	if count > len(r.data)-r.place {
		return nil, badWire(fmt.Sprintf("at byte %d", r.place), "fewer elements", count)
	}
	values := make([]any, count)
	for place := range values {
		if values[place], err = r.read(element); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (r *reader) text() (any, error) {
	length, err := r.number(4)
	if err != nil {
		return nil, err
	}
	taken, err := r.take(length)
	if err == nil && !utf8.Valid(taken) {
		err = badWire(fmt.Sprintf("at byte %d", r.place-length), "UTF-8", "other bytes")
	}
	return string(taken), err
}

func (r *reader) operation(isAction bool) (any, error) {
	tag, err := r.number(1)
	if err != nil {
		return nil, err
	}
	for _, none := range registry.NoActions {
		if isAction && tag == none {
			return nil, badWire("action", "an operation that a proposal may be about", tag)
		}
	}
	for _, each := range registry.Operations {
		if each.Tag == tag {
			return r.fields(each.Name, each.Layout)
		}
	}
	return nil, &wireError{fmt.Sprintf("operation: expected a known tag, found %v", tag), true}
}

func (r *reader) layout(name string) (any, error) {
	if most, ok := registry.Nested[name]; ok {
		if r.depth >= most {
			return nil, badWire(fmt.Sprintf("at byte %d", r.place), fmt.Sprintf("%s at most %d deep", name, most), "deeper")
		}
		r.depth++
		defer func() { r.depth-- }()
	}
	layout := registry.Layouts[name]
	if layout[0] < '0' || layout[0] > '9' {
		start := r.place
		record, err := r.fields("", layout)
		if err == nil && (name == "Transaction" || name == "Slip") {
			record[rawBytes] = r.data[start:r.place]
		}
		return record, err
	}
	tag, err := r.number(1)
	if err != nil {
		return nil, err
	}
	for _, variant := range strings.Split(layout, " | ") {
		number, rest, _ := strings.Cut(variant, " ")
		kind, fields, _ := strings.Cut(rest, " ")
		if number == strconv.Itoa(tag) {
			return r.fields(kind, fields)
		}
	}
	return nil, badWire(name, "a known tag", tag)
}

func (r *reader) fields(kind, layout string) (Record, error) {
	record := Record{}
	if kind != "" {
		record["kind"] = kind
	}
	for _, field := range strings.Fields(layout) {
		name, of, _ := strings.Cut(field, ":")
		value, err := r.read(of)
		if err != nil {
			return nil, err
		}
		record[name] = value
	}
	return record, nil
}

func (r Record) bytes(name string) []byte  { value, _ := r[name].([]byte); return value }
func (r Record) text(name string) string   { value, _ := r[name].(string); return value }
func (r Record) record(name string) Record { value, _ := r[name].(Record); return value }
func (r Record) integer(name string) *big.Int {
	if value, ok := r[name].(*big.Int); ok {
		return value
	}
	return new(big.Int)
}

func (r Record) records(name string) []Record {
	values, _ := r[name].([]any)
	records := make([]Record, len(values))
	for place, value := range values {
		records[place], _ = value.(Record)
	}
	return records
}
