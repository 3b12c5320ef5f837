// Tilestest reads a folder of tiles with the client of Tessera, in which nothing is ours, and prints what it has checked.
// tests/test_tiles.py runs it. It is a module of its own, so that nobody who verifies with Go gets what it depends on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

// found is what is printed: what the checkpoint says, and how much of it was read and proven.
type found struct {
	Origin  string `json:"origin"`
	Size    uint64 `json:"size"`
	Root    []byte `json:"root"`
	Hashes  int    `json:"hashes"`
	Entries int    `json:"entries"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: tilestest FOLDER VKEY")
		os.Exit(2)
	}
	read, err := check(context.Background(), client.FileFetcher{Root: os.Args[1]}, os.Args[2])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(read)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// check reads every hash of the log, and every entry where there are any, and compares all with the checkpoint.
func check(ctx context.Context, folder client.FileFetcher, vkey string) (*found, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	checkpoint, _, _, err := client.FetchCheckpoint(ctx, folder.ReadCheckpoint, verifier, verifier.Name())
	if err != nil {
		return nil, err
	}
	read := &found{Origin: checkpoint.Origin, Size: checkpoint.Size, Root: checkpoint.Hash}
	hashes, err := client.FetchLeafHashes(ctx, folder.ReadTile, 0, checkpoint.Size, checkpoint.Size)
	if err != nil {
		return nil, err
	}
	read.Hashes = len(hashes)
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	roots := [][]byte{rfc6962.DefaultHasher.EmptyRoot()}
	for _, hash := range hashes {
		if err := tree.Append(hash, nil); err != nil {
			return nil, err
		}
		root, err := tree.GetRootHash(nil)
		if err != nil {
			return nil, err
		}
		roots = append(roots, root)
	}
	if err := checkProofs(ctx, folder, checkpoint.Size, checkpoint.Hash, hashes, roots); err != nil {
		return nil, err
	}
	read.Entries, err = checkEntries(ctx, folder, checkpoint.Size, hashes)
	return read, err
}

// checkProofs has the client make proofs, which needs the tiles of every level, and checks them.
func checkProofs(ctx context.Context, folder client.FileFetcher, size uint64, root []byte, hashes, roots [][]byte) error {
	builder, err := client.NewProofBuilder(ctx, size, folder.ReadTile)
	if err != nil {
		return err
	}
	hasher := rfc6962.DefaultHasher
	step := size/500 + 1
	for index := uint64(0); index < size; index += step {
		steps, err := builder.InclusionProof(ctx, index)
		if err != nil {
			return err
		}
		if err := proof.VerifyInclusion(hasher, index, size, hashes[index], steps, root); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		steps, err = builder.ConsistencyProof(ctx, index+1, size)
		if err != nil {
			return err
		}
		if err := proof.VerifyConsistency(hasher, index+1, size, steps, roots[index+1], root); err != nil {
			return fmt.Errorf("from %d entries on: %w", index+1, err)
		}
	}
	return nil
}

func checkEntries(ctx context.Context, folder client.FileFetcher, size uint64, hashes [][]byte) (int, error) {
	count := 0
	if _, err := os.Stat(filepath.Join(folder.Root, "tile", "entries")); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for index := uint64(0); index*256 < size; index++ {
		bundle, err := client.GetEntryBundle(ctx, folder.ReadEntryBundle, index, size)
		if err != nil {
			return 0, err
		}
		for _, entry := range bundle.Entries {
			if count == len(hashes) || string(rfc6962.DefaultHasher.HashLeaf(entry)) != string(hashes[count]) {
				return 0, fmt.Errorf("entry %d has another hash", count)
			}
			count++
		}
	}
	if count != len(hashes) {
		return 0, fmt.Errorf("expected %d entries, found %d", len(hashes), count)
	}
	return count, nil
}
