package verify

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

const (
	noteBytesMax = 1_000_000
	hashesMax    = 63
)

// Checkpoint is what a checkpoint says of a log.
type Checkpoint struct {
	// Origin is the log's name.
	Origin string
	// TreeSize is how many entries it has.
	TreeSize uint64
	// RootHash is the root hash of its tree.
	RootHash [32]byte
	// Cosignatures are those of the verifier's witnesses.
	Cosignatures []Cosignature
}

// Cosignature says that a witness has seen a checkpoint, and that it only adds to those that the witness had seen before.
type Cosignature struct {
	// Witness is its name.
	Witness string
	// Time is when, in seconds, by the witness's clock.
	Time uint64
}

const (
	operatorKind = 1
	// Witnesses cosign by C2SP tlog-cosignature, cosignature/v1.
	cosignatureKind = 4
)

// noteVerifier checks the signatures of one key by the ledger's rule.
type noteVerifier struct {
	name   string
	hash   uint32
	public ed25519.PublicKey
	kind   byte
}

func (v *noteVerifier) Name() string    { return v.name }
func (v *noteVerifier) KeyHash() uint32 { return v.hash }
func (v *noteVerifier) Verify(message, signature []byte) bool {
	if v.kind == cosignatureKind {
		if len(signature) < 8 {
			return false
		}
		head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(signature))
		message, signature = append([]byte(head), message...), signature[8:]
	}
	return VerifySignature(v.public, message, signature) == nil
}

// parseKey reads a verifier key of this kind. The module note knows no witnesses' keys, and shows no public key.
func parseKey(vkey string, kind byte) (*noteVerifier, error) {
	text := strings.TrimSpace(vkey)
	bad := refuse("wrong_key", "verifier key", "name+hash+key, like example.com/foo+530d903a+Aeky…", "another text")
	// Base64 has the plus sign, too.
	fields := strings.SplitN(text, "+", 3)
	if len(text) > 1_000 || len(fields) != 3 || !isKeyName(fields[0]) {
		return nil, bad
	}
	data, ok := parseBase64(fields[2])
	if !ok || len(data) != 33 || data[0] != kind {
		return nil, bad
	}
	own := hashOf([]byte(fields[0]+"\n"), data)
	if fields[1] != hex.EncodeToString(own[:4]) {
		return nil, bad
	}
	return &noteVerifier{fields[0], binary.BigEndian.Uint32(own[:4]), data[1:], kind}, nil
}

func isKeyName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.Contains(name, "+") &&
		strings.IndexFunc(name, func(letter rune) bool { return unicode.IsSpace(letter) || letter < ' ' }) < 0
}

// openCheckpoint reads a signed note by the module note, and the three lines in it.
func openCheckpoint(message []byte, key *noteVerifier, witnesses []*noteVerifier) (*Checkpoint, error) {
	if len(message) > noteBytesMax {
		return nil, refuse("too_long", "note", noteBytesMax, len(message))
	}
	if !hasOneForm(message) {
		return nil, refuse("malformed_note", "note, signature", "base64 in its one form", "another")
	}
	known := []note.Verifier{key}
	for _, witness := range witnesses {
		known = append(known, witness)
	}
	opened, err := note.Open(message, note.VerifierList(known...))
	var invalid *note.InvalidSignatureError
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &invalid):
		return nil, refuse("bad_signature", "note, signature by "+invalid.Name, "one that holds", "another")
	case errors.As(err, &unverified):
		return nil, refuse("wrong_key", "note, signatures", "one by "+key.name, "none with that key")
	case err != nil:
		return nil, refuse("malformed_note", "note", "a C2SP signed note", err)
	}
	isSigned, cosignatures := false, []Cosignature{}
	for _, signature := range opened.Sigs {
		if signature.Name == key.name && signature.Hash == key.hash {
			isSigned = true
			continue
		}
		data, err := base64.StdEncoding.DecodeString(signature.Base64)
		if err != nil {
			return nil, refuse("malformed_note", "note, signature", "base64", err)
		}
		// Four bytes of the key's hash stand before it.
		cosignatures = append(cosignatures, Cosignature{signature.Name, binary.BigEndian.Uint64(data[4:])})
	}
	if !isSigned {
		return nil, refuse("wrong_key", "note, signatures", "one by "+key.name, "those of witnesses alone")
	}
	checkpoint, err := parseCheckpoint(opened.Text)
	if err != nil {
		return nil, err
	}
	if checkpoint.Origin != key.name {
		return nil, refuse("wrong_origin", "checkpoint, origin", key.name, strconv.Quote(checkpoint.Origin))
	}
	checkpoint.Cosignatures = cosignatures
	return checkpoint, nil
}

// hasOneForm says whether the signatures are base64 in its one form, for the module note takes others, too.
func hasOneForm(message []byte) bool {
	lines := strings.Split(string(message[bytes.LastIndex(message, []byte("\n\n"))+1:]), "\n")
	for _, line := range lines {
		_, encoded, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		if _, ok := parseBase64(encoded); !ok {
			return false
		}
	}
	return true
}

var (
	origin  = regexp.MustCompile(`^[!-*,-~]{1,255}$`)
	decimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)
)

func parseCheckpoint(text string) (*Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return nil, refuse("malformed_checkpoint", "checkpoint", "three lines", len(lines)-1)
	}
	if !origin.MatchString(lines[0]) {
		return nil, refuse("malformed_checkpoint", "checkpoint, origin", "printable ASCII without +", strconv.Quote(lines[0]))
	}
	size, ok := parseDecimal(lines[1])
	if !ok {
		return nil, refuse("malformed_checkpoint", "checkpoint, tree size", "a number below 2**63", strconv.Quote(lines[1]))
	}
	root, ok := parseBase64(lines[2])
	if !ok || len(root) != 32 {
		return nil, refuse("malformed_checkpoint", "checkpoint, root hash", "32 bytes in base64", strconv.Quote(lines[2]))
	}
	return &Checkpoint{Origin: lines[0], TreeSize: size, RootHash: [32]byte(root)}, nil
}

func parseDecimal(text string) (uint64, bool) {
	number, err := strconv.ParseUint(text, 10, 63)
	return number, err == nil && decimal.MatchString(text)
}

// parseBase64 reads base64 in its one form.
func parseBase64(text string) ([]byte, bool) {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	return data, err == nil && base64.StdEncoding.EncodeToString(data) == text
}

// receipt is a C2SP tlog-proof.
type receipt struct {
	extra  []byte
	index  uint64
	hashes [][]byte
	note   []byte
}

func parseReceipt(data []byte) (*receipt, error) {
	bad := func(expected string, found any) error { return refuse("malformed_receipt", "receipt", expected, found) }
	head, message, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return nil, bad("c2sp.org/tlog-proof@v1 as the first line", "another")
	}
	if !found {
		return nil, bad("an empty line before the checkpoint", "none")
	}
	lines = lines[1:]
	read := &receipt{note: message}
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		extra, ok := parseBase64(lines[0][6:])
		if !ok {
			return nil, bad("base64 in the line extra", "other characters")
		}
		read.extra, lines = extra, lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return nil, bad("a line 'index N'", "none")
	}
	index, ok := parseDecimal(lines[0][6:])
	if !ok || len(lines)-1 > hashesMax {
		return nil, bad("a number below 2**63, and at most 63 hashes", len(lines)-1)
	}
	read.index = index
	for _, line := range lines[1:] {
		hash, ok := parseBase64(line)
		if !ok || len(hash) != 32 {
			return nil, bad("hashes of 32 bytes in base64", strconv.Quote(line))
		}
		read.hashes = append(read.hashes, hash)
	}
	if read.extra == nil {
		return nil, bad("an extra line with the entry", "none")
	}
	return read, nil
}

// verifyInclusion asks the module merkle.
func verifyInclusion(entry []byte, index uint64, hashes [][]byte, checkpoint *Checkpoint) error {
	leaf := rfc6962.DefaultHasher.HashLeaf(entry)
	err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, checkpoint.TreeSize, leaf, hashes, checkpoint.RootHash[:])
	if err != nil {
		return refuse("wrong_log_proof", "inclusion proof", "the way to the root", err)
	}
	return nil
}

// VerifyConsistency asks the module merkle whether a log only grew.
func VerifyConsistency(older, newer *Checkpoint, hashes [][]byte) error {
	bad := refuse("wrong_log_proof", "consistency proof", "the way from the old root to the new one", "another")
	if older.TreeSize < 1 || older.TreeSize > newer.TreeSize || newer.TreeSize > math.MaxInt64 {
		return bad
	}
	for _, hash := range hashes {
		if len(hash) != 32 {
			return bad
		}
	}
	err := proof.VerifyConsistency(
		rfc6962.DefaultHasher, older.TreeSize, newer.TreeSize, hashes, older.RootHash[:], newer.RootHash[:],
	)
	if err != nil {
		return bad
	}
	return nil
}
