declare module "holdfast:wasm_exec" {
  interface Go {
    importObject: WebAssembly.Imports;
    run(instance: WebAssembly.Instance): Promise<unknown>;
    /** Set once the program has ended. */
    exited?: boolean;
    /** What every callback into the program goes through. */
    _resume(): void;
  }
  /** Evaluates wasm_exec.js against a global object and returns the class it defined. */
  export default function loadGo(global: typeof globalThis): new () => Go;
}

declare module "holdfast:wasm" {
  /** The module, as gzip in base64. */
  const packed: string;
  export default packed;
}
