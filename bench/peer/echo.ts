// A worker that gives back what it is told: what a message there and back costs by itself.
const port = globalThis as unknown as {
  postMessage(message: unknown): void
  addEventListener(name: "message", heard: (event: { data: unknown }) => void): void
}
port.addEventListener("message", ({ data }) => port.postMessage(data))
