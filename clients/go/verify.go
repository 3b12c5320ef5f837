// Package verify checks what a Counterfoil ledger hands out: statements about balances and other records, receipts of
// transactions, and checkpoints; and evidence that its operator has signed two histories. Notes are opened by
// golang.org/x/mod/sumdb/note, and proofs of the log checked by github.com/transparency-dev/merkle: only the sum map, the
// records and the signature rule are its own.
//
// Every call returns what was proven or an error, a *ProofError where bytes do not prove what they claim; none returns a
// bare true.
package verify

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"
)

const (
	dataBytesMax        = 2_000_000
	entryBytesMax       = 65_535
	transactionBytesMax = 60_000
	versionPlace        = 9 // of the transaction in an applied entry: after the tag and the time
	authorizersMax      = 16
	statementLine       = "counterfoil/statement/v1\n"
	historiesLine       = "counterfoil/equivocation/v1\n"
	questionLine        = "counterfoil/question/v1\n"
)

// Verifier checks what one ledger handed out. It holds no state: goroutines may share one.
type Verifier struct {
	key *noteVerifier
	// Ledger is the ledger's id, 32 bytes; nil where claims say which it is.
	Ledger []byte
	// Tolerance is how far a commit's time may lie from those of cosignatures, and from the clock where freshness is asked
	// for.
	Tolerance time.Duration
	witnesses []*noteVerifier
	need      int
}

// NewVerifier makes a verifier of the ledger's verifier key, from a source that is trusted.
func NewVerifier(vkey string) (*Verifier, error) {
	key, err := parseKey(vkey, operatorKind)
	if err != nil {
		return nil, err
	}
	return &Verifier{key: key, Tolerance: 5 * time.Minute}, nil
}

// NeedWitnesses makes so many of these witnesses necessary, whose verifier keys are from sources that are trusted: what they
// have cosigned, the operator cannot have denied to others.
func (v *Verifier) NeedWitnesses(need int, vkeys ...string) error {
	witnesses, seen := make([]*noteVerifier, len(vkeys)), map[string]bool{}
	for place, vkey := range vkeys {
		witness, err := parseKey(vkey, cosignatureKind)
		if err != nil {
			return err
		}
		witnesses[place], seen[witness.name+string(witness.public)] = witness, true
	}
	if len(seen) != len(vkeys) {
		return refuse("ambiguous_key", "witnesses", "each once", "one twice")
	}
	if need < 0 || need > len(vkeys) {
		return badWire("need", fmt.Sprintf("0 to %d witnesses", len(vkeys)), need)
	}
	v.witnesses, v.need = witnesses, need
	return nil
}

func (v *Verifier) checkWitnesses(reason Reason, found int) error {
	if found < v.need {
		return refuse(reason, "checkpoint, cosignatures", fmt.Sprintf("%d of %d", v.need, len(v.witnesses)), found)
	}
	return nil
}

// Question is what a statement must be about. What is left out, its own question says.
type Question struct {
	// Table is the table's name.
	Table string
	// Key is the table key: of the table of holders the asset's id. Nil where it may be any.
	Key []byte
	// ID is the record's id, 32 bytes: of the table of holders the account's. Nil where it may be any.
	ID []byte
	// Now is the time; the clock's where only MaxAge is given.
	Now *big.Int
	// MaxAge is how old the commit may be, in milliseconds; the tolerance where only Now is given.
	MaxAge *big.Int
}

// Claim is a record that was proven to be there, or not to be. Of the table of holders Sum is what the account has, and
// Total the supply of the asset.
type Claim struct {
	Table string
	Key   []byte
	ID    []byte
	// Value is the record; nil where it is absent.
	Value Record
	// Raw is the value's bytes; nil where it is absent.
	Raw []byte
	// Sum is the record's sum; 0 where it is absent.
	Sum *big.Int
	// Total is the sum over the table.
	Total     *big.Int
	TableRoot [32]byte
	// The commit.
	Ledger    []byte
	Origin    string
	TreeSize  uint64
	Height    uint64
	Time      uint64
	StateRoot []byte
	// Cosignatures are those of the verifier's witnesses.
	Cosignatures []Cosignature
}

// Receipt is a transaction that was proven to be applied.
type Receipt struct {
	// ID is the transaction's id, 32 bytes.
	ID []byte
	// Index is its place in the log.
	Index uint64
	// Time is when it was applied, in milliseconds.
	Time uint64
	// Transaction is what was signed, Effects what it did that this does not tell, one for each operation.
	Transaction Record
	Effects     []Record
	Entry       []byte
	Ledger      []byte
	Origin      string
	TreeSize    uint64
	RootHash    [32]byte
	// Cosignatures are those of the verifier's witnesses.
	Cosignatures []Cosignature
}

// Equivocation is that an operator has signed two histories of one log.
type Equivocation struct {
	// Origin is the log's name.
	Origin string
	// TreeSize is the size at which it has two roots.
	TreeSize uint64
	// RootHashes are the one that the first checkpoint says, and the one that the second says or implies.
	RootHashes [2][32]byte
	// Checkpoints are the two that contradict each other; the second is of the same size, or a larger one.
	Checkpoints [2]*Checkpoint
}

// Checkpoint checks a checkpoint: what the operator signed of the log.
func (v *Verifier) Checkpoint(message []byte) (*Checkpoint, error) {
	if len(message) > dataBytesMax {
		return nil, refuse("too_long", "note", dataBytesMax, len(message))
	}
	checkpoint, err := openCheckpoint(message, v.key, v.witnesses)
	if err != nil {
		return nil, err
	}
	return checkpoint, v.checkWitnesses("too_few_witnesses", len(checkpoint.Cosignatures))
}

// Consistency checks that the log only grew between two checkpoints, and returns the later one.
func (v *Verifier) Consistency(older, newer []byte, hashes [][]byte) (*Checkpoint, error) {
	before, err := v.Checkpoint(older)
	if err != nil {
		return nil, err
	}
	after, err := v.Checkpoint(newer)
	if err != nil {
		return nil, err
	}
	return after, VerifyConsistency(before, after, hashes)
}

// Equivocation checks evidence that the operator has signed two histories. Who has cosigned them does not matter.
func (v *Verifier) Equivocation(data []byte) (*Equivocation, error) {
	if len(data) > dataBytesMax {
		return nil, refuse("too_long", "equivocation", dataBytesMax, len(data))
	}
	if !bytes.HasPrefix(data, []byte(historiesLine)) {
		return nil, asFile("malformed_note", "equivocation", data)
	}
	taken, err := takeParts(data, historiesLine, "equivocation", "first note", "second note", "proof")
	if err != nil {
		return nil, err
	}
	first, err := openCheckpoint(taken[0], v.key, nil)
	if err != nil {
		return nil, err
	}
	second, err := openCheckpoint(taken[1], v.key, nil)
	if err != nil {
		return nil, err
	}
	hashes, then := splitHashes(taken[2]), *second
	if first.TreeSize != second.TreeSize {
		if len(hashes) < 2 || len(hashes) > 128 {
			return nil, refuse("no_contradiction", "equivocation, proof", "2 to 128 hashes", len(hashes))
		}
		// What the tree of the second has at the size of the first.
		then = Checkpoint{TreeSize: first.TreeSize, RootHash: [32]byte(hashes[0])}
		if err := VerifyConsistency(&then, second, hashes[1:]); err != nil {
			return nil, err
		}
	} else if len(hashes) != 0 {
		return nil, refuse("wrong_log_proof", "equivocation, proof", "no hashes for equal sizes", len(hashes))
	}
	if then.RootHash == first.RootHash {
		return nil, refuse("no_contradiction", fmt.Sprintf("roots at %d entries", first.TreeSize), "two", "one")
	}
	return &Equivocation{
		Origin:      first.Origin,
		TreeSize:    first.TreeSize,
		RootHashes:  [2][32]byte{first.RootHash, then.RootHash},
		Checkpoints: [2]*Checkpoint{first, second},
	}, nil
}

// Balance checks a statement about what an account holds of an asset, either of which may be nil: then the statement's
// own question says it.
func (v *Verifier) Balance(data, asset, account []byte) (*Claim, error) {
	return v.Record(data, Question{Table: "holders", Key: asset, ID: account})
}

// Record checks a statement about a record of any table: the question and its statement, or the statement alone where the
// question is given in full.
func (v *Verifier) Record(data []byte, asked Question) (*Claim, error) {
	statement, question, err := splitQuestion(data, asked)
	if err != nil {
		return nil, err
	}
	parts, err := splitStatement(statement)
	if err != nil {
		return nil, err
	}
	checkpoint, err := v.Checkpoint(parts.note)
	if err != nil {
		return nil, err
	}
	claim, err := lastCommit(parts, checkpoint)
	if err != nil {
		return nil, err
	}
	claim.Table, claim.Key, claim.ID = question.Table, question.Key, question.ID
	if v.Ledger != nil && !bytes.Equal(claim.Ledger, v.Ledger) {
		return nil, refuse("wrong_ledger", "commit, ledger", v.Ledger, claim.Ledger)
	}
	near := 0
	for _, each := range checkpoint.Cosignatures {
		apart := new(big.Int).Mul(new(big.Int).SetUint64(each.Time), big.NewInt(1_000))
		apart.Sub(apart, new(big.Int).SetUint64(claim.Time)).Abs(apart)
		if apart.Cmp(big.NewInt(v.Tolerance.Milliseconds())) <= 0 {
			near++
		}
	}
	if err := v.checkWitnesses("wrong_time", near); err != nil {
		return nil, err
	}
	if err := v.checkTime(claim.Time, asked); err != nil {
		return nil, err
	}
	return claim, claim.find(parts)
}

func (v *Verifier) checkTime(at uint64, asked Question) error {
	if asked.Now == nil && asked.MaxAge == nil {
		return nil
	}
	now, age, tolerance := asked.Now, asked.MaxAge, big.NewInt(v.Tolerance.Milliseconds())
	if now == nil {
		now = big.NewInt(time.Now().UnixMilli())
	}
	if age == nil {
		age = tolerance
	}
	committed := new(big.Int).SetUint64(at)
	if oldest := new(big.Int).Sub(now, age); committed.Cmp(oldest) < 0 {
		return refuse("stale", "commit, time", oldest, at)
	}
	if newest := new(big.Int).Add(now, tolerance); committed.Cmp(newest) > 0 {
		return refuse("from_the_future", "commit, time", newest, at)
	}
	return nil
}

// splitQuestion returns the statement, and what it is about.
func splitQuestion(data []byte, asked Question) ([]byte, Question, error) {
	if len(data) > dataBytesMax {
		return nil, asked, refuse("too_long", "statement", dataBytesMax, len(data))
	}
	table, known := registry.Tables[asked.Table]
	if asked.Table != "" && !known {
		return nil, asked, refuse("unknown_table", "table", "one that there is", asked.Table)
	}
	if known && !table.Keyed && asked.Key == nil {
		asked.Key = []byte{}
	}
	statement, isFull := data, known && asked.Key != nil && asked.ID != nil
	if !isFull || !bytes.HasPrefix(data, []byte(statementLine)) {
		found, rest, err := parseQuestion(data)
		if err != nil {
			return nil, asked, err
		}
		if asked.Table != "" && asked.Table != found.Table || asked.Key != nil && !bytes.Equal(asked.Key, found.Key) ||
			asked.ID != nil && !bytes.Equal(asked.ID, found.ID) {
			return nil, asked, refuse("wrong_question", "question", "the table, key and record asked about", found.Table)
		}
		statement, asked.Table, asked.Key, asked.ID = rest, found.Table, found.Key, found.ID
	}
	size := 0
	if registry.Tables[asked.Table].Keyed {
		size = 32
	}
	if len(asked.Key) != size {
		return nil, asked, refuse("malformed_question", "question, key of "+asked.Table, size, len(asked.Key))
	}
	return statement, asked, nil
}

func parseQuestion(data []byte) (*Question, []byte, error) {
	if !bytes.HasPrefix(data, []byte(questionLine)) {
		return nil, nil, asFile("malformed_question", "question", data)
	}
	reader := &parts{data: data, place: len(questionLine), what: "question"}
	name, err := reader.counted(1, "table name")
	if err != nil {
		return nil, nil, err
	}
	if _, known := registry.Tables[string(name)]; !known {
		return nil, nil, refuse("unknown_table", "question, table", "one that there is", name)
	}
	key, err := reader.counted(1, "table key")
	if err != nil {
		return nil, nil, err
	}
	record, err := reader.take(32, "record id")
	return &Question{Table: string(name), Key: key, ID: record}, data[reader.place:], err
}

// counted takes a part after its length.
func (p *parts) counted(size int, part string) ([]byte, error) {
	length, err := p.number(size, "length of "+part)
	if err != nil {
		return nil, err
	}
	return p.take(length, part)
}

type statementParts struct {
	record, directory, entry, note []byte
	hashes                         [][]byte
}

func splitStatement(statement []byte) (*statementParts, error) {
	if !bytes.HasPrefix(statement, []byte(statementLine)) {
		return nil, asFile("malformed_statement", "statement", statement)
	}
	names := []string{"record proof", "directory proof", "commit entry", "inclusion hashes", "note"}
	taken, err := takeParts(statement, statementLine, "statement", names...)
	if err != nil {
		return nil, err
	}
	joined := taken[3]
	if len(joined)%32 != 0 || len(joined) > 64*32 {
		return nil, refuse("malformed_statement", "statement, inclusion hashes", "at most 64 times 32 bytes", len(joined))
	}
	return &statementParts{taken[0], taken[1], taken[2], taken[4], splitHashes(joined)}, nil
}

// takeParts takes these parts of a file, each after its length, behind its first line.
func takeParts(data []byte, line, what string, names ...string) ([][]byte, error) {
	reader, taken := &parts{data: data, place: len(line), what: what}, make([][]byte, len(names))
	for place, part := range names {
		var err error
		if taken[place], err = reader.counted(4, part); err != nil {
			return nil, err
		}
	}
	return taken, reader.end()
}

// splitHashes cuts joined hashes into 32 bytes each. The last one has fewer where bytes are left over.
func splitHashes(joined []byte) [][]byte {
	var hashes [][]byte
	for place := 0; place < len(joined); place += 32 {
		hashes = append(hashes, joined[place:min(place+32, len(joined))])
	}
	return hashes
}

// lastCommit is what the commit says that the checkpointed tree ends with.
func lastCommit(split *statementParts, checkpoint *Checkpoint) (*Claim, error) {
	if len(split.entry) == 0 || split.entry[0] != 2 {
		return nil, refuse("wrong_entry", "statement, entry", "tag 02 (commit)", "another")
	}
	if checkpoint.TreeSize == 0 {
		return nil, refuse("not_last_entry", "checkpoint, tree size", "1 or more", 0)
	}
	index := checkpoint.TreeSize - 1
	if err := verifyInclusion(split.entry, index, split.hashes, checkpoint); err != nil {
		return nil, refuse("not_last_entry", "commit", "the last entry", err)
	}
	if err := checkVersion("commit", split.entry[1:]); err != nil {
		return nil, err
	}
	commit, err := decode("Commit", split.entry[1:])
	if err != nil {
		return nil, asReason("malformed_entry", "commit", err)
	}
	height, through := commit.integer("height").Uint64(), commit.integer("through").Uint64()
	if height >= index || through > index {
		return nil, refuse("wrong_entry", "commit", "height below its index, through at most that", height)
	}
	return &Claim{
		Ledger:    commit.bytes("ledger"),
		Origin:    checkpoint.Origin,
		TreeSize:  checkpoint.TreeSize,
		Height:    height,
		Time:      commit.integer("time").Uint64(),
		StateRoot: commit.bytes("state_root"),

		Cosignatures: checkpoint.Cosignatures,
	}, nil
}

// find proves the table under the state's root, and the record under the table's.
func (c *Claim) find(split *statementParts) error {
	directory, err := VerifyMapProof([32]byte(c.StateRoot), TreeKey(tableID(c.Table, c.Key)), split.directory)
	if err != nil {
		return err
	}
	if directory.Total.Sign() != 0 {
		return refuse("wrong_directory", "directory, sum", 0, directory.Total)
	}
	c.Sum, c.Total = new(big.Int), new(big.Int)
	if directory.Value == nil {
		if len(split.record) != 0 {
			return refuse("trailing_bytes", "record proof", "no bytes, for the table is absent", len(split.record))
		}
		return nil
	}
	if len(directory.Value) != 32 || [32]byte(directory.Value) == emptyHash {
		return refuse("wrong_directory", "directory, value", "the root of a table with records", directory.Value)
	}
	c.TableRoot = [32]byte(directory.Value)
	found, err := VerifyMapProof(c.TableRoot, TreeKey(c.ID), split.record)
	if err != nil {
		return err
	}
	c.Sum, c.Total, c.Raw = found.Sum, found.Total, found.Value
	if c.Raw != nil {
		c.Value, err = decodeRecord(c.Table, c.Key, c.ID, c.Sum, c.Raw)
	}
	return err
}

func tableID(table string, key []byte) []byte {
	return id("table", []byte{byte(len(table))}, []byte(table), key)
}

// Receipt checks that a transaction was applied, and that those whom it names have signed it. Whether a key was one of its
// account's keys then is not in the receipt: the ledger checked that before it applied the transaction.
func (v *Verifier) Receipt(data []byte) (*Receipt, error) {
	if len(data) > dataBytesMax {
		return nil, refuse("too_long", "receipt", dataBytesMax, len(data))
	}
	read, err := parseReceipt(data)
	if err != nil {
		return nil, err
	}
	checkpoint, err := v.Checkpoint(read.note)
	if err != nil {
		return nil, err
	}
	entry := read.extra
	if err := verifyInclusion(entry, read.index, read.hashes, checkpoint); err != nil {
		return nil, err
	}
	if len(entry) == 0 || entry[0] != 1 {
		return nil, refuse("wrong_entry", "receipt, entry", "tag 01 (applied)", "another")
	}
	if read.index == 0 || read.index >= checkpoint.TreeSize-1 {
		return nil, refuse("wrong_entry", "receipt, index", "one between the genesis and the last entry", read.index)
	}
	if len(entry) > entryBytesMax {
		return nil, refuse("malformed_entry", "receipt, entry", entryBytesMax, len(entry))
	}
	if len(entry) > versionPlace {
		if err := checkVersion("transaction", entry[versionPlace:]); err != nil {
			return nil, err
		}
	}
	applied, err := decodeApplied(entry[1:])
	if err != nil {
		return nil, asReason("malformed_entry", "receipt, entry", err)
	}
	transaction := applied.record("signed").record("transaction")
	if ledger := transaction.bytes("ledger"); v.Ledger != nil && !bytes.Equal(ledger, v.Ledger) {
		return nil, refuse("wrong_ledger", "receipt, ledger", v.Ledger, ledger)
	}
	encoded := transaction.bytes(rawBytes)
	if len(encoded) > transactionBytesMax {
		return nil, refuse("malformed_transaction", "receipt, transaction", transactionBytesMax, len(encoded))
	}
	identifier := id("transaction", encoded)
	if err := checkTransaction(applied, identifier); err != nil {
		return nil, err
	}
	return &Receipt{
		ID:          identifier,
		Index:       read.index,
		Time:        applied.integer("time").Uint64(),
		Transaction: transaction,
		Effects:     applied.records("effects"),
		Entry:       entry,
		Ledger:      transaction.bytes("ledger"),
		Origin:      checkpoint.Origin,
		TreeSize:    checkpoint.TreeSize,
		RootHash:    checkpoint.RootHash,

		Cosignatures: checkpoint.Cosignatures,
	}, nil
}

// decodeApplied reads an applied transaction, checked for what every such entry keeps.
func decodeApplied(data []byte) (Record, error) {
	applied, err := decode("Applied", data)
	if err != nil {
		return nil, err
	}
	operations := applied.record("signed").record("transaction").records("operations")
	effects := applied.records("effects")
	if len(effects) != len(operations) {
		return nil, badWire("effects", len(operations), len(effects))
	}
	for place, operation := range operations {
		each := []Record{effects[place]}
		isExecuted := effects[place].text("kind") == "executed"
		if isExecuted != (operation.text("kind") == "execute") {
			return nil, badWire("effects", "executed, of an execute alone", effects[place].text("kind"))
		}
		if isExecuted {
			each = effects[place].records("effects")
			if actions := operation.records("actions"); len(each) != len(actions) {
				return nil, badWire("effects of actions", len(actions), len(each))
			}
		}
		for _, effect := range each {
			if err := checkEffect(effect); err != nil {
				return nil, err
			}
		}
	}
	return applied, nil
}

func checkEffect(effect Record) error {
	taken, lapsed := effect.records("taken"), effect.records("lapsed")
	if effect.text("kind") == "moved" && len(taken)+len(lapsed) == 0 {
		return badWire("effect", "nothing, in its one encoding", "no lots")
	}
	if err := checkLots(taken, "taken"); err != nil {
		return err
	}
	return checkLots(lapsed, "lapsed")
}

// checkTransaction checks what holds of every transaction that a ledger applied, as far as its own bytes tell.
func checkTransaction(applied Record, identifier []byte) error {
	signed := applied.record("signed")
	transaction := signed.record("transaction")
	authorizers := transaction.records("authorizers")
	signatures, _ := signed["signatures"].([]any)
	malformed := func(what string, expected, found any) error {
		return refuse("malformed_transaction", "transaction, "+what, expected, found)
	}
	if len(authorizers) < 1 || len(authorizers) > authorizersMax {
		return malformed("authorizers", "1 to 16", len(authorizers))
	}
	seen := map[string]bool{}
	for _, each := range authorizers {
		seen[hex.EncodeToString(each.bytes("account"))+" "+hex.EncodeToString(each.bytes("key"))] = true
	}
	if len(seen) != len(authorizers) {
		return malformed("authorizers", "distinct ones", "one twice")
	}
	if len(signatures) != len(authorizers) {
		return malformed("signatures", len(authorizers), len(signatures))
	}
	operations := transaction.records("operations")
	if len(operations) == 0 {
		return malformed("operations", "1 or more", 0)
	}
	if applied.integer("time").Cmp(transaction.integer("valid_until")) >= 0 {
		return malformed("time", "before valid_until", applied.integer("time"))
	}
	message := append([]byte("counterfoil/sign/v1\n"), identifier...)
	for place, each := range authorizers {
		key := each.bytes("key")
		if key == nil {
			key = each.bytes("account")
		}
		signature, _ := signatures[place].([]byte)
		if err := VerifySignature(key, message, signature); err != nil {
			return refuse("bad_transaction_signature", "transaction, signature", "one that holds", err)
		}
	}
	return checkSlips(operations, transaction.bytes("ledger"))
}

// checkSlips checks what others have signed of claims, those among the actions of a proposal, too.
func checkSlips(operations []Record, ledger []byte) error {
	for _, operation := range operations {
		if operation.text("kind") == "execute" {
			if err := checkSlips(operation.records("actions"), ledger); err != nil {
				return err
			}
		}
		for _, signed := range operation.records("slips") {
			hash := hashOf(operation.bytes("campaign"), signed.record("slip").bytes(rawBytes))
			message := bytes.Join([][]byte{[]byte("counterfoil/slip/v1\n"), ledger, hash[:]}, nil)
			for _, each := range signed.records("signatures") {
				if err := VerifySignature(each.bytes("key"), message, each.bytes("signature")); err != nil {
					return refuse("bad_transaction_signature", "slip, signature", "one that holds", err)
				}
			}
		}
	}
	return nil
}
