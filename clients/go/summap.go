package verify

import (
	"bytes"
	"crypto/sha256"
	"math/big"
)

const valueBytesMax = 4096

var emptyHash [32]byte

// MapResult is what a map proof shows.
type MapResult struct {
	// Total is the sum over the whole map.
	Total *big.Int
	// Sum is the record's sum; 0 where there is none.
	Sum *big.Int
	// Value is the record's value; nil where the record is not there.
	Value []byte
}

// parts takes big-endian parts of proofs from the front.
type parts struct {
	data  []byte
	place int
	what  string
}

func (p *parts) take(count int, part string) ([]byte, error) {
	if count > len(p.data)-p.place {
		return nil, refuse("truncated", p.what+", "+part, count, len(p.data)-p.place)
	}
	taken := p.data[p.place : p.place+count]
	p.place += count
	return taken, nil
}

func (p *parts) number(size int, part string) (int, error) {
	taken, err := p.take(size, part)
	number := 0
	for _, each := range taken {
		number = number<<8 | int(each)
	}
	return number, err
}

func (p *parts) sum(part string) (*big.Int, error) {
	taken, err := p.take(16, part)
	return new(big.Int).SetBytes(taken), err
}

func (p *parts) end() error {
	if p.place != len(p.data) {
		return refuse("trailing_bytes", p.what, p.place, len(p.data))
	}
	return nil
}

type mapNode struct {
	hash [32]byte
	sum  *big.Int
}

// TreeKey is where a record stands in its table.
func TreeKey(id []byte) [32]byte { return recordID("key", id) }

func recordID(kind string, fixed ...[]byte) [32]byte {
	return hashOf(append([][]byte{[]byte("counterfoil/" + kind + "/v1\n")}, fixed...)...)
}

func hashOf(all ...[]byte) [32]byte { return sha256.Sum256(bytes.Join(all, nil)) }

func sixteen(sum *big.Int) []byte { return sum.FillBytes(make([]byte, 16)) }

func mapLeaf(key []byte, sum *big.Int, valueHash []byte) mapNode {
	return mapNode{hashOf([]byte{0x10}, key, sixteen(sum), valueHash), sum}
}

func above(left, right mapNode) (mapNode, error) {
	sum := new(big.Int).Add(left.sum, right.sum)
	if sum.BitLen() > 128 {
		return mapNode{}, refuse("sum_overflow", "sum of a map's node", "less than 2**128", "more")
	}
	hash := hashOf([]byte{0x11}, left.hash[:], sixteen(left.sum), right.hash[:], sixteen(right.sum))
	return mapNode{hash, sum}, nil
}

// VerifyMapProof checks a proof of presence or absence in a sum map against its root hash.
func VerifyMapProof(root, key [32]byte, proof []byte) (*MapResult, error) {
	reader := &parts{data: proof, what: "map proof"}
	value, other, leaf, err := parseLeaf(reader, key)
	if err != nil {
		return nil, err
	}
	siblings, err := parseSiblings(reader)
	if err != nil {
		return nil, err
	}
	depth := len(siblings)
	if depth > 0 && siblings[depth-1].hash == emptyHash {
		return nil, refuse("shallow_leaf", "map proof, deepest sibling", "one that is not empty", "an empty one")
	}
	// So far the form, which every verifier checks first; from here what it says.
	if other != nil {
		shared := sharedBits(key[:], other)
		if shared == 256 {
			return nil, refuse("wrong_leaf", "map proof, other leaf", "another key than the one asked", "the same")
		}
		if shared < depth {
			return nil, refuse("wrong_leaf", "map proof, other leaf", "a key with the same first bits", "another")
		}
	}
	node := leaf
	for level := depth - 1; level >= 0; level-- {
		if bit(key[:], level) {
			node, err = above(siblings[level], node)
		} else {
			node, err = above(node, siblings[level])
		}
		if err != nil {
			return nil, err
		}
	}
	if node.hash != root {
		return nil, refuse("wrong_root", "map proof, root", root, node.hash)
	}
	if value == nil {
		return &MapResult{node.sum, new(big.Int), nil}, nil
	}
	return &MapResult{node.sum, leaf.sum, value}, nil
}

// parseLeaf reads what stands where the path ends: the value, or the key of another leaf, or nothing.
func parseLeaf(reader *parts, key [32]byte) (value, other []byte, leaf mapNode, err error) {
	leaf = mapNode{emptyHash, new(big.Int)}
	kind, err := reader.number(1, "kind")
	if err != nil {
		return nil, nil, leaf, err
	}
	switch kind {
	case 0:
		return nil, nil, leaf, nil
	case 1:
		value, sum, err := parseValue(reader)
		if err != nil {
			return nil, nil, leaf, err
		}
		hash := sha256.Sum256(value)
		return value, nil, mapLeaf(key[:], sum, hash[:]), nil
	case 2:
		other, err = reader.take(32, "other key")
		if err != nil {
			return nil, nil, leaf, err
		}
		sum, err := reader.sum("sum")
		if err != nil {
			return nil, nil, leaf, err
		}
		hash, err := reader.take(32, "value hash")
		return nil, other, mapLeaf(other, sum, hash), err
	default:
		return nil, nil, leaf, refuse("malformed_proof", "map proof, kind", "0, 1 or 2", kind)
	}
}

func parseValue(reader *parts) ([]byte, *big.Int, error) {
	sum, err := reader.sum("sum")
	if err != nil {
		return nil, nil, err
	}
	length, err := reader.number(2, "value length")
	if err != nil {
		return nil, nil, err
	}
	if length > valueBytesMax {
		return nil, nil, refuse("malformed_proof", "map proof, value", valueBytesMax, length)
	}
	value, err := reader.take(length, "value")
	// Not nil, which would say that nothing is there.
	return append([]byte{}, value...), sum, err
}

// parseSiblings reads the siblings, root first, to the end of the proof.
func parseSiblings(reader *parts) ([]mapNode, error) {
	depth, err := reader.number(2, "depth")
	if err != nil {
		return nil, err
	}
	if depth > 256 {
		return nil, refuse("malformed_proof", "map proof, depth", "at most 256", depth)
	}
	bitmap, err := reader.take((depth+7)/8, "bitmap")
	if err != nil {
		return nil, err
	}
	for level := depth; level < 8*len(bitmap); level++ {
		if bit(bitmap, level) {
			return nil, refuse("malformed_proof", "map proof, bitmap", "padding bits of 0", "1")
		}
	}
	siblings := make([]mapNode, depth)
	for level := range siblings {
		siblings[level] = mapNode{emptyHash, new(big.Int)}
		if !bit(bitmap, level) {
			continue
		}
		hash, err := reader.take(32, "sibling")
		if err != nil {
			return nil, err
		}
		sum, err := reader.sum("sibling's sum")
		if err != nil {
			return nil, err
		}
		siblings[level] = mapNode{[32]byte(hash), sum}
		if siblings[level].hash == emptyHash {
			return nil, refuse("empty_sibling", "map proof, sibling", "a hash", "32 zero bytes (empty)")
		}
	}
	return siblings, reader.end()
}

func bit(data []byte, place int) bool { return data[place/8]>>(7-place%8)&1 == 1 }

// sharedBits counts the bits with which two keys begin alike.
func sharedBits(left, right []byte) int {
	for place := range 256 {
		if bit(left, place) != bit(right, place) {
			return place
		}
	}
	return 256
}
