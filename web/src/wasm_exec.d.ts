declare module "holdfast:wasm_exec" {
  interface Go {
    importObject: WebAssembly.Imports;
    run(instance: WebAssembly.Instance): Promise<unknown>;
    /** What every callback into the program goes through. */
    _resume(): void;
  }
  /** Evaluates wasm_exec.js against a global object and returns the class it defined. */
  export default function loadGo(global: typeof globalThis): new () => Go;
}
