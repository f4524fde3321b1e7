import { createHash } from "node:crypto"
import html from "./page.html" with { type: "text" }

/** The status page: one file, nothing from elsewhere. */
// Bun's types know a file of this name as a bundle only; as text it is its content.
export const page = html as unknown as string

const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? ""

/** Only the page's own script runs, and it talks to this endpoint alone; nobody may frame it. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`,
  "style-src 'unsafe-inline'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ")
