// The entries of better-sqlite3 for single platforms; see driver.ts.
declare module "better-sqlite3/linux-arm64" {
  export { default } from "better-sqlite3"
}

declare module "better-sqlite3/darwin-x64" {
  export { default } from "better-sqlite3"
}

declare module "better-sqlite3/darwin-arm64" {
  export { default } from "better-sqlite3"
}

declare module "better-sqlite3/win32-x64" {
  export { default } from "better-sqlite3"
}

declare module "better-sqlite3/win32-arm64" {
  export { default } from "better-sqlite3"
}
