/** The version that etcd 3.6 is built from, and the faster one of those there are. */
export const ETCD_RAFT_VERSION = '3.6.0';

/** Module file of the program below. */
export const GO_MOD: string = `module core

go 1.23

require go.etcd.io/raft/v3 v${ETCD_RAFT_VERSION}
`;

/** The twin of `core-group.ts` and `measure-core.ts` in Go, around etcd/raft. Prints the rates of its runs as JSON. */
export const GO_PROGRAM: string = String.raw`
// The core of etcd/raft, alone in one goroutine: groups of three nodes that replicate entries to each other.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

type quiet struct{}

func (quiet) Debug(...interface{})            {}
func (quiet) Debugf(string, ...interface{})   {}
func (quiet) Info(...interface{})             {}
func (quiet) Infof(string, ...interface{})    {}
func (quiet) Warning(...interface{})          {}
func (quiet) Warningf(string, ...interface{}) {}
func (quiet) Error(...interface{})            {}
func (quiet) Errorf(string, ...interface{})   {}
func (quiet) Fatal(v ...interface{})          { panic(fmt.Sprint(v...)) }
func (quiet) Fatalf(f string, v ...interface{}) { panic(fmt.Sprintf(f, v...)) }
func (quiet) Panic(v ...interface{})          { panic(fmt.Sprint(v...)) }
func (quiet) Panicf(f string, v ...interface{}) { panic(fmt.Sprintf(f, v...)) }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

const (
	retained   = 1024
	compactAt  = 4096
	entryBytes = 256
)

type node struct {
	raw     *raft.RawNode
	storage *raft.MemoryStorage
	inbox   []pb.Message
	spare   []pb.Message
	applied uint64
	first   uint64
	bytes   uint64
}

type group [3]*node

func newGroup() *group {
	g := &group{}
	for i := range g {
		storage := raft.NewMemoryStorage()
		must(storage.ApplySnapshot(pb.Snapshot{Metadata: pb.SnapshotMetadata{
			Index: 1, Term: 1, ConfState: pb.ConfState{Voters: []uint64{1, 2, 3}},
		}}))
		raw, err := raft.NewRawNode(&raft.Config{
			ID: uint64(i + 1), ElectionTick: 10, HeartbeatTick: 1, Storage: storage, Applied: 1,
			MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 256, PreVote: true, CheckQuorum: true, Logger: quiet{},
		})
		must(err)
		g[i] = &node{raw: raw, storage: storage, applied: 1, first: 1}
	}
	must(g[0].raw.Campaign())
	g.pump()
	if g[0].raw.Status().RaftState != raft.StateLeader {
		panic("node 1 is not leader")
	}
	return g
}

func (g *group) pump() {
	for busy := true; busy; {
		busy = false
		for _, n := range g {
			if len(n.inbox) > 0 {
				busy = true
				batch := n.inbox
				n.inbox = n.spare[:0]
				for _, m := range batch {
					must(n.raw.Step(m))
				}
				n.spare = batch
			}
			if n.raw.HasReady() {
				busy = true
				g.handleReady(n)
			}
		}
	}
}

func (g *group) handleReady(n *node) {
	rd := n.raw.Ready()
	if !raft.IsEmptyHardState(rd.HardState) {
		must(n.storage.SetHardState(rd.HardState))
	}
	must(n.storage.Append(rd.Entries))
	for _, m := range rd.Messages {
		to := g[m.To-1]
		to.inbox = append(to.inbox, m)
	}
	for _, e := range rd.CommittedEntries {
		n.applied = e.Index
		n.bytes += uint64(len(e.Data))
	}
	n.raw.Advance(rd)
	if n.applied-n.first >= compactAt {
		must(n.storage.Compact(n.applied - retained))
		n.first = n.applied - retained
	}
}

var template = make([]byte, entryBytes)

func payload() []byte { return append(make([]byte, 0, entryBytes), template...) }

func (g *group) turn(batch int, one bool) {
	leader := g[0].raw
	if one {
		entries := make([]pb.Entry, batch)
		for i := range entries {
			entries[i].Data = payload()
		}
		must(leader.Step(pb.Message{Type: pb.MsgProp, From: 1, Entries: entries}))
	} else {
		for i := 0; i < batch; i++ {
			must(leader.Propose(payload()))
		}
	}
	g.pump()
}

func cpu() time.Duration {
	var u syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func applied(groups []*group) (sum uint64) {
	for _, g := range groups {
		sum += g[0].applied
	}
	return sum
}

func drive(groups []*group, batch int, one bool, seconds float64) (entries uint64, used time.Duration) {
	before, start := applied(groups), cpu()
	for turns := 0; ; turns++ {
		groups[turns%len(groups)].turn(batch, one)
		if turns%512 == 511 {
			if used = cpu() - start; used.Seconds() >= seconds {
				break
			}
		}
	}
	for _, g := range groups {
		for _, n := range g[1:] {
			if n.applied != g[0].applied {
				panic("nodes differ in what they applied")
			}
		}
	}
	return applied(groups) - before, used
}

func main() {
	groups := flag.Int("groups", 1, "")
	batch := flag.Int("batch", 1, "")
	mode := flag.String("mode", "calls", "")
	seconds := flag.Float64("seconds", 0.7, "")
	runs := flag.Int("runs", 3, "")
	flag.Parse()
	all := make([]*group, *groups)
	for i := range all {
		all[i] = newGroup()
	}
	rates := []float64{}
	for i := 0; i < *runs; i++ {
		drive(all, *batch, *mode == "one", 0.3)
		runtime.GC()
		entries, used := drive(all, *batch, *mode == "one", *seconds)
		rates = append(rates, float64(entries)/used.Seconds())
	}
	must(json.NewEncoder(os.Stdout).Encode(rates))
}
`;
