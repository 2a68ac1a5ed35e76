declare module "demo:code" {
  /** The source of document.ts. */
  const code: string;
  export default code;
}
