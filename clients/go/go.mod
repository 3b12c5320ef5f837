module counterfoil.example/verify

go 1.24.0

require (
	filippo.io/edwards25519 v1.2.0
	github.com/transparency-dev/merkle v0.0.2
	golang.org/x/mod v0.30.0
)
