package verify

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// Reason is a short stable code for why a proof was refused: the same as in Python and TypeScript.
type Reason string

// ProofError says that what was handed out does not prove what it claims.
type ProofError struct {
	Reason  Reason
	Message string
}

func (e *ProofError) Error() string { return e.Message }

func refuse(reason Reason, what string, expected, found any) *ProofError {
	return &ProofError{reason, fmt.Sprintf("%s: expected %v, found %v", what, told(expected), told(found))}
}

// told is how a message tells a value: bytes as hexadecimal digits.
func told(value any) any {
	switch value := value.(type) {
	case []byte:
		if len(value) == 0 {
			return "no bytes"
		}
		return hex.EncodeToString(value)
	case [32]byte:
		return hex.EncodeToString(value[:])
	}
	return value
}

// ReasonOf is the code of a refusal; empty for any other error, and for none.
func ReasonOf(err error) Reason {
	var proof *ProofError
	if errors.As(err, &proof) {
		return proof.Reason
	}
	return ""
}

// wireError says that bytes are no encoding of what they should be.
type wireError struct {
	message string
	isNewer bool // an operation that this version does not know
}

func (e *wireError) Error() string { return e.message }

func badWire(what string, expected, found any) error {
	return &wireError{message: fmt.Sprintf("%s: expected %v, found %v", what, expected, found)}
}

// asReason turns an error of encoding into the refusal of a proof.
func asReason(reason Reason, what string, err error) error {
	var wire *wireError
	if errors.As(err, &wire) {
		if wire.isNewer {
			return &ProofError{"unknown_version", what + ": " + wire.message + newer}
		}
		return &ProofError{reason, what + ": " + wire.message}
	}
	return err
}

const newer = ": made by a newer Counterfoil"

// checkVersion refuses the later versions of a format; every one that is known here is its first. The data begins with it.
func checkVersion(what string, data []byte) error {
	if len(data) == 0 || data[0] == 1 {
		return nil
	}
	found := strconv.Itoa(int(data[0]))
	if data[0] > 1 {
		found += newer
	}
	return refuse("unknown_version", what+", version", 1, found)
}

var newerFile = regexp.MustCompile(`^counterfoil/[a-z-]{1,20}/v([2-9]|[1-9][0-9]{1,2})\n`)

// asFile refuses what begins otherwise than it should; differently where a later version would begin so.
func asFile(reason Reason, what string, data []byte) error {
	if found := newerFile.FindSubmatch(data); found != nil {
		return refuse("unknown_version", what+", version", 1, string(found[1])+newer)
	}
	return refuse(reason, what, "its line at the beginning", "other bytes")
}
