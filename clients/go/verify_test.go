package verify

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What each client must say of the same statements, receipts and checkpoints.
type proofCases struct {
	Vkeys  []string
	Inputs [][]byte
	Cases  []struct {
		Name    string
		Method  string
		Vkey    int
		Inputs  []int
		Options options
		Proof   []string
		Claim   map[string]any
		Reason  Reason
	}
	EveryByte []struct {
		Method  string
		Vkey    int
		Input   int
		Options options
		Change  byte
		Reasons [][2]any
	} `json:"every_byte"`
}

// options are texts, a list of them for the witnesses, or nothing.
type options map[string]any

func (o options) text(name string) *string {
	if text, ok := o[name].(string); ok {
		return &text
	}
	return nil
}

func readCases(t *testing.T) *proofCases {
	t.Helper()
	cases := parse[proofCases](t, readFile(t, "../proofs.json"))
	return &cases
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func unhex(t *testing.T, text *string) []byte {
	t.Helper()
	if text == nil {
		return nil
	}
	data, err := hex.DecodeString(*text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func number(text *string) *big.Int {
	if text == nil {
		return nil
	}
	value, _ := new(big.Int).SetString(*text, 10)
	return value
}

// ask calls the verifier as a case does, and returns what it was told by name.
func ask(t *testing.T, vkey, method string, inputs [][]byte, proof []string, given options) (map[string]any, error) {
	t.Helper()
	verifier, err := NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	verifier.Ledger = unhex(t, given.text("ledger"))
	if tolerance := number(given.text("tolerance_ms")); tolerance != nil {
		verifier.Tolerance = time.Duration(tolerance.Int64()) * time.Millisecond
	}
	if witnesses, ok := given["witnesses"].([]any); ok {
		vkeys := make([]string, len(witnesses))
		for place, each := range witnesses {
			vkeys[place] = each.(string)
		}
		need := len(vkeys)
		if text := number(given.text("need")); text != nil {
			need = int(text.Int64())
		}
		if err := verifier.NeedWitnesses(need, vkeys...); err != nil {
			t.Fatal(err)
		}
	}
	switch method {
	case "receipt":
		claim, err := verifier.Receipt(inputs[0])
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"id": claim.ID, "index": claim.Index, "entry": claim.Entry, "root_hash": claim.RootHash, "ledger": claim.Ledger,
			"origin": claim.Origin, "tree_size": claim.TreeSize, "time": claim.Time,
			"cosignatures": claim.Cosignatures,
		}, nil
	case "equivocation":
		claim, err := verifier.Equivocation(inputs[0])
		if err != nil {
			return nil, err
		}
		return map[string]any{"origin": claim.Origin, "tree_size": claim.TreeSize, "root_hashes": claim.RootHashes}, nil
	case "checkpoint", "consistency":
		var checkpoint *Checkpoint
		if method == "checkpoint" {
			checkpoint, err = verifier.Checkpoint(inputs[0])
		} else {
			hashes := make([][]byte, len(proof))
			for place := range proof {
				hashes[place] = unhex(t, &proof[place])
			}
			checkpoint, err = verifier.Consistency(inputs[0], inputs[1], hashes)
		}
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"origin": checkpoint.Origin, "tree_size": checkpoint.TreeSize, "root_hash": checkpoint.RootHash,
			"cosignatures": checkpoint.Cosignatures,
		}, nil
	}
	question := Question{Now: number(given.text("now_ms")), MaxAge: number(given.text("max_age_ms"))}
	if method == "balance" {
		question.Table, question.Key, question.ID = "holders", unhex(t, given.text("asset")), unhex(t, given.text("account"))
	} else {
		question.Key, question.ID = unhex(t, given.text("key")), unhex(t, given.text("record_id"))
		if given.text("table") != nil {
			question.Table = *given.text("table")
		}
	}
	claim, err := verifier.Record(inputs[0], question)
	if err != nil {
		return nil, err
	}
	told := map[string]any{
		"table": claim.Table, "key": claim.Key, "record_id": claim.ID, "sum": claim.Sum, "total": claim.Total, "raw": claim.Raw,
		"table_root": claim.TableRoot, "amount": claim.Sum, "supply": claim.Total, "asset": claim.Key, "account": claim.ID,
		"activity_day": claim.Value.integer("activity_day"), "ledger": claim.Ledger, "origin": claim.Origin,
		"tree_size": claim.TreeSize, "height": claim.Height, "time": claim.Time, "state_root": claim.StateRoot,
		"cosignatures": claim.Cosignatures,
	}
	return told, nil
}

// plain is a value as it stands in the cases.
func plain(value any) string {
	switch value := value.(type) {
	case []byte:
		return hex.EncodeToString(value)
	case [32]byte:
		return hex.EncodeToString(value[:])
	case [2][32]byte:
		return fmt.Sprint([]any{plain(value[0]), plain(value[1])})
	case []Cosignature:
		pairs := make([]any, len(value))
		for place, each := range value {
			pairs[place] = []any{each.Witness, strconv.FormatUint(each.Time, 10)}
		}
		return fmt.Sprint(pairs)
	}
	return fmt.Sprint(value)
}

func TestEveryCase(t *testing.T) {
	cases := readCases(t)
	for _, each := range cases.Cases {
		t.Run(each.Name, func(t *testing.T) {
			inputs := make([][]byte, len(each.Inputs))
			for place, input := range each.Inputs {
				inputs[place] = cases.Inputs[input]
			}
			told, err := ask(t, cases.Vkeys[each.Vkey], each.Method, inputs, each.Proof, each.Options)
			if ReasonOf(err) != each.Reason {
				t.Fatalf("expected %q, found %q: %v", each.Reason, ReasonOf(err), err)
			}
			if each.Reason == "" && err != nil {
				t.Fatal(err)
			}
			for name, expected := range each.Claim {
				if expected == nil {
					if raw, _ := told[name].([]byte); raw != nil {
						t.Errorf("%s: expected nothing, found %x", name, raw)
					}
				} else if plain(told[name]) != fmt.Sprint(expected) {
					t.Errorf("%s: expected %v, found %s", name, expected, plain(told[name]))
				}
			}
		})
	}
}

func TestEveryByteCounts(t *testing.T) {
	cases := readCases(t)
	for _, each := range cases.EveryByte {
		data, place := cases.Inputs[each.Input], 0
		for _, run := range each.Reasons {
			for range int(run[1].(float64)) {
				changed := bytes.Clone(data)
				changed[place] ^= each.Change
				_, err := ask(t, cases.Vkeys[each.Vkey], each.Method, [][]byte{changed}, nil, each.Options)
				if string(ReasonOf(err)) != run[0] {
					t.Errorf("%s, byte %d changed by %#x: expected %v, found %v", each.Method, place, each.Change, run[0], err)
				}
				place++
			}
		}
		if place != len(data) {
			t.Errorf("expected a reason for each of %d bytes, found %d", len(data), place)
		}
	}
}

// The vectors of others, where they are.
func outside(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../shared/vectors", path))
	if os.IsNotExist(err) {
		t.Skipf("no vectors of others: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse[T any](t *testing.T, data []byte) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSumMaps(t *testing.T) {
	type proof struct{ Root, Key, Proof string }
	reasons := parse[map[string][]*Reason](t, readFile(t, "../reasons.json"))
	for _, name := range []string{"two", "three_close", "seventeen", "hundred_close", "thousand", "values", "forged", "empty"} {
		vector := parse[struct {
			Root   string
			Proofs []struct {
				Key, Proof, Sum, Value string
				Present                bool
			}
			MustFail []proof `json:"must_fail"`
		}](t, outside(t, "sum-map/"+name+".json"))
		for _, each := range vector.Proofs {
			found, err := VerifyMapProof([32]byte(unhex(t, &vector.Root)), [32]byte(unhex(t, &each.Key)), unhex(t, &each.Proof))
			if err != nil || (found.Value != nil) != each.Present || each.Present && found.Sum.String() != each.Sum {
				t.Errorf("%s: %v, %v", name, found, err)
			}
		}
		for place, each := range vector.MustFail {
			_, err := VerifyMapProof([32]byte(unhex(t, &each.Root)), [32]byte(unhex(t, &each.Key)), unhex(t, &each.Proof))
			if expected := *reasons["sum-map/"+name+".json"][place]; ReasonOf(err) != expected {
				t.Errorf("%s %d: expected %s, found %v", name, place, expected, err)
			}
		}
	}
}

func TestProofsAndNotesOfOthers(t *testing.T) {
	reasons := parse[map[string][]*Reason](t, readFile(t, "../reasons.json"))
	same := func(name string, place int, err error) {
		t.Helper()
		expected := Reason("")
		if found := reasons[name][place]; found != nil {
			expected = *found
		}
		if ReasonOf(err) != expected || expected == "" && err != nil {
			t.Errorf("%s %d: expected %q, found %v", name, place, expected, err)
		}
	}
	probes := strings.Split(strings.TrimSpace(string(outside(t, "merkle-rfc6962/consistency.jsonl"))), "\n")
	for place, line := range probes {
		probe := parse[struct {
			Size1, Size2 uint64
			Root1, Root2 []byte
			Proof        [][]byte
		}](t, []byte(line))
		// A checkpoint has roots of 32 bytes: of others nobody can be asked here.
		if len(probe.Root1) == 32 && len(probe.Root2) == 32 {
			older := &Checkpoint{TreeSize: probe.Size1, RootHash: [32]byte(probe.Root1)}
			newer := &Checkpoint{TreeSize: probe.Size2, RootHash: [32]byte(probe.Root2)}
			same("merkle-rfc6962/consistency.jsonl", place, VerifyConsistency(older, newer, probe.Proof))
		}
	}
	notes := parse[struct {
		BadVkeys []string `json:"bad_vkeys"`
	}](t, outside(t, "signed-note/sumdb_note.json"))
	for place, vkey := range notes.BadVkeys {
		_, err := NewVerifier(vkey)
		same("signed-note, verifier keys", place, err)
	}
	proofs := parse[struct {
		MustFail []string `json:"must_fail"`
	}](t, outside(t, "tlog-proof/formats.json"))
	for place, text := range proofs.MustFail {
		_, err := parseReceipt([]byte(text))
		same("tlog-proof", place, err)
	}
}

func TestSignatureVerdicts(t *testing.T) {
	type signed struct{ key, message, signature []byte }
	cases := map[string]signed{}
	put := func(set string, id int, key, message, signature string) {
		cases[fmt.Sprintf("%s %d", set, id)] = signed{unhex(t, &key), unhex(t, &message), unhex(t, &signature)}
	}
	for at, each := range parse[[]map[string]string](t, outside(t, "ed25519-speccheck/cases.json")) {
		put("speccheck", at, each["pub_key"], each["message"], each["signature"])
	}
	for at, each := range parse[[]struct {
		Vk      string
		Sig     string
		Message string `json:"msg_ascii"`
	}](t, outside(t, "zip215/small_order.json")) {
		put("zip215", at, each.Vk, hex.EncodeToString([]byte(each.Message)), each.Sig)
	}
	for _, each := range parse[[]struct {
		Number        int
		Key, Sig, Msg string
	}](t, outside(t, "cctv-ed25519/ed25519vectors.json")) {
		put("cctv", each.Number, each.Key, hex.EncodeToString([]byte(each.Msg)), each.Sig)
	}
	groups := parse[struct {
		TestGroups []struct {
			PublicKey struct{ Pk string }
			Tests     []struct {
				TcID     int `json:"tcId"`
				Msg, Sig string
			}
		}
	}](t, outside(t, "wycheproof/ed25519_test.json"))
	for _, group := range groups.TestGroups {
		for _, each := range group.Tests {
			put("wycheproof", each.TcID, group.PublicKey.Pk, each.Msg, each.Sig)
		}
	}
	packed, err := gzip.NewReader(bytes.NewReader(outside(t, "rfc8032/sign.input.gz")))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(packed)
	for at := 0; lines.Scan(); at++ {
		fields := strings.Split(lines.Text(), ":")
		put("sign_input", at, fields[1], fields[2], fields[3][:128])
	}
	verdicts := strings.Split(strings.TrimSpace(string(outside(t, "ed25519-rule/verdicts.tsv"))), "\n")[1:]
	if len(verdicts) != 1_401 {
		t.Fatalf("expected 1401 verdicts, found %d", len(verdicts))
	}
	for _, line := range verdicts {
		fields := strings.Fields(line)
		each, ok := cases[fields[0]+" "+fields[1]]
		if !ok {
			t.Fatalf("no case %s", line)
		}
		err := VerifySignature(each.key, each.message, each.signature)
		if strconv.FormatBool(err == nil) != strconv.FormatBool(fields[2] == "1") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestVerifierKeys(t *testing.T) {
	good := "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
	if _, err := NewVerifier(good + "\n"); err != nil {
		t.Error(err)
	}
	for place := range good {
		bad := []byte(good)
		bad[place]++
		for _, text := range []string{good[:place], good[place+1:], string(bad)} {
			if _, err := NewVerifier(text); ReasonOf(err) != "wrong_key" {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

func TestLargeInputsAreRefused(t *testing.T) {
	verifier, err := NewVerifier(readCases(t).Vkeys[0])
	if err != nil {
		t.Fatal(err)
	}
	large := make([]byte, 100_000_000)
	_, record := verifier.Record(large, Question{})
	_, receipt := verifier.Receipt(large)
	_, checkpoint := verifier.Checkpoint(large)
	for _, err := range []error{record, receipt, checkpoint} {
		if ReasonOf(err) != "too_long" {
			t.Error(err)
		}
	}
}

// BenchmarkStatements verifies what benches/proofs.py has made, one statement after the other.
func BenchmarkStatements(b *testing.B) {
	path := os.Getenv("COUNTERFOIL_STATEMENTS")
	if path == "" {
		b.Skip("COUNTERFOIL_STATEMENTS names no file of statements")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	var asked struct {
		Vkey       string
		Statements [][]byte
	}
	if err := json.Unmarshal(data, &asked); err != nil {
		b.Fatal(err)
	}
	verifier, err := NewVerifier(asked.Vkey)
	if err != nil {
		b.Fatal(err)
	}
	for place := 0; b.Loop(); place++ {
		if _, err := verifier.Balance(asked.Statements[place%len(asked.Statements)], nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleVerifier_Balance() {
	data, err := os.ReadFile("../proofs.json")
	if err != nil {
		panic(err)
	}
	var file struct{ Vkeys, Inputs []string }
	if err := json.Unmarshal(data, &file); err != nil {
		panic(err)
	}
	statement, err := base64.StdEncoding.DecodeString(file.Inputs[0])
	if err != nil {
		panic(err)
	}

	verifier, err := NewVerifier(file.Vkeys[0])
	if err != nil {
		panic(err)
	}
	claim, err := verifier.Balance(statement, nil, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(claim.Sum, "of", claim.Total, "by", claim.Origin)
	// Output: 120 of 1320 by club.example/beans
}
