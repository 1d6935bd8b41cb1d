import { useState } from "preact/hooks";
import type { Recording } from "./api";
import { GraphView } from "./graph";
import { Choices, Machine, Waiting } from "./machine";
import { Walk } from "./walk";

/** A recorded run without a server: what an exported page shows. */
export function Player({ recording }: { recording: Recording }) {
  const [at, setAt] = useState(recording.position);
  const now = recording.states[at], last = recording.states.length - 1;
  return (
    <main>
      <header><h1>{recording.title}</h1><p class="quiet">A recorded run. Arrow keys go along it.</p></header>
      <Walk position={at} length={last} go={(to) => setAt(to)} move={(by) => setAt((n) => Math.max(0, Math.min(last, n + by)))} choices={0} />
      <p class="told" role="status"><strong>{now.state.outcome || now.state.status}</strong> {now.told}</p>
      <Machine state={now.state} before={at > 0 ? recording.states[at - 1].state : undefined} />
      <div class="columns">
        <section class="panel" aria-label="Execution graph"><h2>Execution graph</h2><GraphView graph={now.graph} cores={recording.cores} /></section>
        <section class="panel" aria-label="What could happen"><h2>What could happen</h2><Choices choices={now.choices} cores={recording.cores} status={now.state.status} /></section>
        <section class="panel" aria-label="What waits"><h2>What waits</h2><Waiting state={now.state} /></section>
      </div>
    </main>
  );
}
