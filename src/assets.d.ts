// Files that are imported as what they are: `with { type: "text" }` gives the content, `with { type: "file" }` a path that can be
// opened, from a checkout and from inside a compiled binary alike.
declare module "*.sql" {
  const text: string
  export default text
}

declare module "*.onnx" {
  const path: string
  export default path
}

declare module "*.py" {
  const path: string
  export default path
}

declare module "*.wasm" {
  const path: string
  export default path
}

// The entry of better-sqlite3 for one platform; a compiled binary cannot use the generic one.
declare module "better-sqlite3/linux-x64" {
  export { default } from "better-sqlite3"
}
