// Reads a Televote log at every size it ever had, with Go's own packages for transparency logs:
//
//	sizes FOLDER VKEY STEP
//
// FOLDER has checkpoints (signed notes, each ended by a NUL), the tiles of all their sizes, entry bundles of the
// last, and proofs: lines of "record SIZE INDEX HASH…" and "tree SIZE OLD HASH…", in hexadecimal. Every note must be
// signed; at every size every STEP-th entry must be in the tree, as the tiles have it; every proof must hold.
// Prints how many checkpoints, entries, and proofs of each kind there were.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// files reads tiles, each from disk once.
type files struct {
	folder string
	known  map[string][]byte
}

func (f files) Height() int { return height }

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		content, err := f.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		found = append(found, content)
	}
	return found, nil
}

func (f files) read(path string) ([]byte, error) {
	if content, ok := f.known[path]; ok {
		return content, nil
	}
	content, err := os.ReadFile(filepath.Join(f.folder, path))
	f.known[path] = content
	return content, err
}

func entries(bundle []byte) [][]byte {
	var found [][]byte
	for len(bundle) > 0 {
		length := int(binary.BigEndian.Uint16(bundle))
		found = append(found, bundle[2:2+length])
		bundle = bundle[2+length:]
	}
	return found
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	must(err)
	return n
}

func hashes(words []string) []tlog.Hash {
	found := make([]tlog.Hash, len(words))
	for i, word := range words {
		decoded, err := hex.DecodeString(word)
		must(err)
		if len(decoded) != len(found[i]) {
			log.Fatal("a hash has another length")
		}
		copy(found[i][:], decoded)
	}
	return found
}

func main() {
	log.SetFlags(0)
	folder, vkey, step := os.Args[1], os.Args[2], number(os.Args[3])
	verifier, err := note.NewVerifier(vkey)
	must(err)
	notes, err := os.ReadFile(filepath.Join(folder, "checkpoints"))
	must(err)
	trees, last := map[int64]tlog.Tree{}, int64(0)
	for _, signed := range bytes.Split(bytes.TrimSuffix(notes, []byte{0}), []byte{0}) {
		opened, err := note.Open(signed, note.VerifierList(verifier))
		must(err)
		lines := strings.Split(opened.Text, "\n")
		decoded, err := base64.StdEncoding.DecodeString(lines[2])
		must(err)
		tree := tlog.Tree{N: number(lines[1])}
		copy(tree.Hash[:], decoded)
		trees[tree.N] = tree
		if tree.N > last {
			last = tree.N
		}
	}

	read := files{folder, map[string][]byte{}}
	var leaves []tlog.Hash
	for index := int64(0); index < last; index += 256 {
		width := last - index
		if width > 256 {
			width = 256
		}
		name := tlog.Tile{H: height, L: 0, N: index / 256, W: int(width)}.Path()
		bundle, err := read.read(strings.Replace(name, "tile/8/0/", "tile/entries/", 1))
		must(err)
		for _, entry := range entries(bundle) {
			leaves = append(leaves, tlog.RecordHash(entry))
		}
	}

	records := 0
	for size, tree := range trees {
		tiles := tlog.TileHashReader(tree, read) // it checks each tile that it reads against the root
		for index := int64(0); index < size; index += step {
			proof, err := tlog.ProveRecord(size, index, tiles)
			must(err)
			must(tlog.CheckRecord(proof, size, tree.Hash, index, leaves[index]))
			records++
		}
	}

	kinds := map[string]int{}
	told, err := os.Open(filepath.Join(folder, "proofs"))
	must(err)
	lines := bufio.NewScanner(told)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		tree, at, proof := trees[number(words[1])], number(words[2]), hashes(words[3:])
		switch words[0] {
		case "record":
			must(tlog.CheckRecord(proof, tree.N, tree.Hash, at, leaves[at]))
		case "tree":
			must(tlog.CheckTree(proof, tree.N, tree.Hash, at, trees[at].Hash))
		default:
			log.Fatal("what proof is this?")
		}
		kinds[words[0]]++
	}
	must(lines.Err())
	fmt.Println(len(trees), records, kinds["record"], kinds["tree"])
}
