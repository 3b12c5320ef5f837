package verify

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
)

const lotsMax = 64

// own says under which id a record must stand, in the table with this key; nil where it does not say.
var own = map[string]func(r Record, key []byte) []byte{
	"parameters": func(Record, []byte) []byte { return id("parameters") },
	"mandates": func(r Record, _ []byte) []byte {
		return id("mandate", r.bytes("account"), r.bytes("agent"), r.bytes("asset"))
	},
	"once":   func(r Record, _ []byte) []byte { return id("once", r.bytes("account"), r.bytes("key")) },
	"assets": func(r Record, _ []byte) []byte { return letters("asset", r.bytes("issuer"), r.text("symbol")) },
	"lots":   func(r Record, key []byte) []byte { return id("lot", key, four(r.integer("lot"))) },
	"holds":  func(r Record, _ []byte) []byte { return id("hold", r.bytes("payer"), r.bytes("salt")) },
	"hold_groups": func(r Record, _ []byte) []byte {
		return id("group", r.bytes("owner"), r.bytes("salt"))
	},
	"designs": func(r Record, key []byte) []byte { return id("design", key, four(r.integer("design"))) },
	"items": func(r Record, key []byte) []byte {
		item := r.record("item")
		return id("item", key, four(item.integer("design")), four(item.integer("edition")))
	},
	"campaigns": func(r Record, _ []byte) []byte { return id("campaign", r.bytes("owner"), r.bytes("salt")) },
	"schemas":   func(r Record, _ []byte) []byte { return letters("schema", r.bytes("creator"), r.text("name")) },
	"attestations": func(r Record, key []byte) []byte {
		return id("attestation", key, r.bytes("issuer"), r.bytes("subject"), r.bytes("nonce"))
	},
	"redemptions": func(r Record, key []byte) []byte {
		return id("redemption", key, r.bytes("sender"), r.bytes("order"))
	},
	"proposals": func(r Record, _ []byte) []byte {
		return id("proposal", r.bytes("account"), r.bytes("proposer"), r.bytes("salt"))
	},
	"rankings": rankingID,
	"delegations": func(r Record, _ []byte) []byte {
		return id("delegation", r.bytes("account"), r.bytes("delegator"))
	},
	"resolutions": func(r Record, _ []byte) []byte {
		return id("resolution", r.bytes("account"), r.bytes("rule"), r.bytes("subject"))
	},
	"snapshots": func(r Record, _ []byte) []byte { return id("snapshot", r.bytes("asset"), four(r.integer("number"))) },
	"distributions": func(r Record, _ []byte) []byte {
		return id("distribution", r.bytes("fund"), r.bytes("salt"))
	},
}

func id(kind string, fixed ...[]byte) []byte {
	hash := recordID(kind, fixed...)
	return hash[:]
}

// letters is the id of what is named by its owner and a name; empty for one that is too long for any.
func letters(kind string, owner []byte, name string) []byte {
	if len(name) > 255 {
		return []byte{}
	}
	return id(kind, owner, []byte{byte(len(name))}, []byte(name))
}

func rankingID(r Record, key []byte) []byte {
	options, _ := r["options"].([]any)
	if len(options) > 16 {
		return []byte{}
	}
	padded := make([]byte, 16)
	for place := range padded {
		padded[place] = 0xff
		if place < len(options) {
			option, _ := options[place].(*big.Int)
			padded[place] = byte(option.Int64())
		}
	}
	return id("ranking", key, padded)
}

func four(value *big.Int) []byte { return value.FillBytes(make([]byte, 4)) }

// ownSum is what a record must weigh; nil where it may be anything but 0.
func ownSum(table string, r Record) *big.Int {
	switch table {
	case "holders":
		return r.integer("amount")
	case "lots":
		sum := new(big.Int).Add(r.integer("issued"), r.integer("merged_in"))
		for _, less := range []string{"merged_out", "burned", "redeemed", "expired"} {
			sum.Sub(sum, r.integer(less))
		}
		return sum
	case "items":
		return big.NewInt(1)
	case "votes":
		if r.record("ballot").text("kind") != "sealed" {
			return r.integer("weight")
		}
	case "debts", "rankings", "collected":
		return nil
	}
	return new(big.Int)
}

// decodeRecord is what a record says whose sum and bytes were proven.
func decodeRecord(table string, key, recordID []byte, sum *big.Int, raw []byte) (Record, error) {
	layout := registry.Tables[table].Layout
	if strings.HasPrefix(registry.Layouts[layout], "version:u8 ") {
		if err := checkVersion("record of "+table, raw); err != nil {
			return nil, err
		}
	}
	var value Record
	var err error
	if layout == "Holding" {
		value, err = decodeHolding(sum, raw)
	} else {
		value, err = decode(layout, raw)
	}
	if err != nil {
		return nil, asReason("malformed_record", "record of "+table, err)
	}
	// A record names itself: under another id it would be taken for another's.
	if tells, ok := own[table]; ok {
		if found := tells(value, key); string(found) != string(recordID) {
			return nil, refuse("wrong_record", "record of "+table+", id", recordID, found)
		}
	}
	expected := ownSum(table, value)
	if expected == nil && sum.Sign() == 0 || expected != nil && expected.Cmp(sum) != 0 {
		return nil, refuse("wrong_sum", "record of "+table+", sum", expected, sum)
	}
	return value, nil
}

func decodeHolding(amount *big.Int, value []byte) (Record, error) {
	if amount.Sign() == 0 {
		return nil, badWire("holding", "a balance", "0, for which there is no record")
	}
	holding := Record{"amount": amount, "activity_day": new(big.Int), "lots": []any{}}
	if len(value) == 0 {
		return holding, nil
	}
	count := (len(value) - 4) / 20
	if len(value) < 4 || (len(value)-4)%20 != 0 || count > lotsMax {
		return nil, badWire("holding", "0 or 4 + 20 n bytes, n at most 64", len(value))
	}
	lots := make([]any, count)
	total := new(big.Int)
	for place := range lots {
		raw := value[4+20*place : 24+20*place]
		units := new(big.Int).SetBytes(raw[4:])
		lots[place] = Record{"lot": new(big.Int).SetBytes(raw[:4]), "amount": units}
		total.Add(total, units)
	}
	holding["lots"] = lots
	holding["activity_day"] = big.NewInt(int64(binary.BigEndian.Uint32(value)))
	if err := checkLots(holding.records("lots"), "holding"); err != nil {
		return nil, err
	}
	if count > 0 && total.Cmp(amount) != 0 {
		return nil, badWire("holding", fmt.Sprintf("lots that add up to %v", amount), total)
	}
	return holding, nil
}

// checkLots says whether lots ascend and none is empty.
func checkLots(lots []Record, what string) error {
	for place, lot := range lots {
		if place > 0 && lots[place-1].integer("lot").Cmp(lot.integer("lot")) >= 0 {
			return badWire(what, "lots strictly ascending", lot.integer("lot"))
		}
		if lot.integer("amount").Sign() == 0 {
			return badWire(what, "lots that are not empty", "a lot of 0 units")
		}
	}
	return nil
}
