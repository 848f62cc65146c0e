import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** A program and its arguments. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
}

/** What an Ethernet carries (bytes): without it a packet of loopback has 64 KiB, and one that is lost is worth forty. */
const MTU = 1_500;
/** Of classic BPF: load a random word; jump if it is at or above; return. `man 8 tc-bpf`, linux/filter.h. */
const LOAD_RANDOM = '32 0 0 4294963256';
const DROPPED = '6 0 0 4294967295';
const PASSED = '6 0 0 0';

// Reno is everywhere, and like the congestion control of QUIC it goes by loss. BBR, the default of some machines, paces packets one by
// one with timers that loopback is far too quick for.
const SET_UP = `
echo reno > /proc/sys/net/ipv4/tcp_congestion_control
ip link set lo mtu ${MTU} gso_max_size ${MTU} gso_max_segs 1 up
tc qdisc add dev lo root handle 1: htb default 0 r2q 1000
tc class add dev lo parent 1: classid 1:20 htb rate 1gbit
tc qdisc add dev lo parent 1:20 blackhole
`;

/**
 * A network of its own, in which a share of all packets is lost, those of TCP as those of UDP, in both directions: a network namespace
 * whose loopback has packets of 1,500 bytes, and a filter that sends them at random into a black hole. It needs neither netem nor a
 * firewall, but Linux, root, `unshare`, `nsenter`, `ip` and `tc`. It ends with this process, whatever happens to it.
 */
export class LossyNetwork implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** @returns the network, or why this machine has none. */
  static async open(): Promise<LossyNetwork | { readonly unavailable: string }> {
    if (process.platform !== 'linux') return { unavailable: `${process.platform} has no network namespaces` };
    for (const program of ['unshare', 'nsenter', 'ip', 'tc']) {
      const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
      if (error !== undefined) return { unavailable: `there is no ${program}` };
    }
    // It ends when its input does, and the namespace with it.
    const holder = spawn('unshare', ['--net', 'sh', '-ec', `${SET_UP}\necho ready\ncat`], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let complaint = '';
    holder.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    const isReady = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      once(holder, 'close').then(() => false),
    ]);
    if (!isReady) return { unavailable: complaint.trim().split('\n')[0] ?? 'unshare ended' };
    const network = new LossyNetwork(holder);
    try {
      network.lose(0.5);
      network.lose(0);
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      return { unavailable: error instanceof Error ? error.message : String(error) };
    }
  }

  /** From now on this share of all packets is lost. */
  lose(share: number): void {
    this.#run('tc', ['filter', 'del', 'dev', 'lo', 'parent', '1:']);
    if (share === 0) return;
    const below = Math.round(share * 2 ** 32);
    const program = `4,${LOAD_RANDOM},53 1 0 ${below},${DROPPED},${PASSED}`;
    const filter = ['filter', 'add', 'dev', 'lo', 'parent', '1:', 'protocol', 'all', 'prio', '1'];
    this.#run('tc', [...filter, 'bpf', 'bytecode', program, 'flowid', '1:20']);
  }

  /** The command that runs another one in here. */
  within({ program, args }: CommandLine): CommandLine {
    return { program: 'nsenter', args: [`--net=/proc/${this.#holder.pid}/ns/net`, program, ...args] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#holder, 'close');
    this.#holder.stdin?.end();
    await ended;
  }

  #run(program: string, args: readonly string[]): void {
    const line = this.within({ program, args });
    execFileSync(line.program, line.args, { stdio: 'pipe' });
  }
}
