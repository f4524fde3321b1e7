// The path of the file, where a bundler embeds it.
declare module "*.node" {
  const path: string
  export default path
}
