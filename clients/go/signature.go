package verify

import (
	"crypto/sha512"
	"errors"

	"filippo.io/edwards25519"
)

var errSignature = errors.New("expected a signature that holds, found other bytes signed, or by another key")

// VerifySignature checks an Ed25519 signature by the ledger's rule: both points are canonical encodings and not of small
// order, S is less than the group's order, and the cofactored equation holds. The standard library's equation has no
// cofactor, and refuses some that the rule accepts.
func VerifySignature(publicKey, message, signature []byte) error {
	if len(publicKey) != 32 || len(signature) != 64 {
		return errSignature
	}
	key, nonce := publicPoint(publicKey), publicPoint(signature[:32])
	scalar, err := edwards25519.NewScalar().SetCanonicalBytes(signature[32:])
	if key == nil || nonce == nil || err != nil {
		return errSignature
	}
	hash := sha512.New()
	hash.Write(signature[:32])
	hash.Write(publicKey)
	hash.Write(message)
	challenge, err := edwards25519.NewScalar().SetUniformBytes(hash.Sum(nil))
	if err != nil {
		return errSignature
	}
	// S·B - k·A - R
	difference := new(edwards25519.Point).Negate(key)
	difference.VarTimeDoubleScalarBaseMult(challenge, difference, scalar)
	difference.Subtract(difference, nonce)
	if !isSmall(difference) {
		return errSignature
	}
	return nil
}

// publicPoint is the point of 32 bytes, unless they are no canonical encoding or its order is small.
func publicPoint(encoded []byte) *edwards25519.Point {
	point, err := new(edwards25519.Point).SetBytes(encoded)
	if err != nil || string(point.Bytes()) != string(encoded) || isSmall(point) {
		return nil
	}
	return point
}

func isSmall(point *edwards25519.Point) bool {
	return new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1
}
