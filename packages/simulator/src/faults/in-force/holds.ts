/** Which machines are held in some state, and by which actions: the state ends for a machine when nobody holds it any more. */
export class Holds {
  readonly #held = new Map<number, Set<string>>();

  /** An action holds a machine. */
  hold(action: number, machine: string): void {
    const machines = this.#held.get(action) ?? new Set();
    machines.add(machine);
    this.#held.set(action, machines);
  }

  /** The action holds nothing any more. Returns those of its machines that nobody else holds. */
  release(action: number): string[] {
    const machines = this.#held.get(action) ?? new Set();
    this.#held.delete(action);
    return [...machines].filter((machine) => !this.isHeld(machine));
  }

  isHeld(machine: string): boolean {
    for (const machines of this.#held.values()) if (machines.has(machine)) return true;
    return false;
  }
}
