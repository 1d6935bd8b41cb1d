import { render } from "preact";
import type { Recording } from "./api";
import { App } from "./app";
import { Player } from "./player";
import "./style.css";

declare global {
  interface Window { ISOBAR_RECORDING?: Recording }
}

const recording = window.ISOBAR_RECORDING;
render(recording ? <Player recording={recording} /> : <App />, document.getElementById("app")!);
