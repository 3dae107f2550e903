// Opens a Televote log with Go's own packages for transparency logs, which share nothing with ours:
//
//	check FOLDER VKEY
//
// FOLDER has a checkpoint and the tiles of a log. The note must be signed, every entry must be in the tree
// that it signs, and every earlier size in steps must be that tree's beginning. Prints size and root.
package main

import (
	"encoding/base64"
	"encoding/binary"
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

// files reads tiles from a folder. Go's package names them tile/8/0/000; c2sp.org/tlog-tiles has no height.
type files struct{ folder string }

func (f files) Height() int { return height }

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := os.ReadFile(filepath.Join(f.folder, path))
		if err != nil {
			return nil, err
		}
		found = append(found, content)
	}
	return found, nil
}

// entries are those of a bundle: each with its length in two bytes before it.
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

func main() {
	log.SetFlags(0)
	folder, vkey := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(vkey)
	must(err)
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	must(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	decoded, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], decoded)

	// This reader checks each tile it reads against the root.
	hashes := tlog.TileHashReader(tree, files{folder})
	for index := int64(0); index < size; index++ {
		width := min(256, size-index/256*256)
		name := tlog.Tile{H: height, L: 0, N: index / 256, W: int(width)}.Path()
		bundle, err := os.ReadFile(filepath.Join(folder, strings.Replace(name, "tile/8/0/", "tile/entries/", 1)))
		must(err)
		leaf := tlog.RecordHash(entries(bundle)[index%256])
		proof, err := tlog.ProveRecord(size, index, hashes)
		must(err)
		must(tlog.CheckRecord(proof, size, tree.Hash, index, leaf))
	}
	for old := int64(1); old <= size; old += 13 {
		before, err := tlog.TreeHash(old, hashes)
		must(err)
		proof, err := tlog.ProveTree(size, old, hashes)
		must(err)
		must(tlog.CheckTree(proof, size, tree.Hash, old, before))
	}
	fmt.Printf("%s %d %x\n", lines[0], size, tree.Hash[:])
}

func min(one, other int64) int64 {
	if one < other {
		return one
	}
	return other
}
