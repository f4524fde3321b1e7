import type { Family, Histogram, Labels, Metrics, Sample } from "../domain/metrics.ts"

/** https://prometheus.io/docs/instrumenting/exposition_formats */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

// Powers of two in µs, 1 µs to 67 s: there a histogram counts exactly.
const BOUNDS_US = Array.from({ length: 27 }, (_, power) => 2 ** power)

/** The registry as Prometheus reads it; durations are counted in µs and told in seconds. */
export const render = (metrics: Metrics): string => [...metrics.families.values()].map(renderFamily).join("")

function renderFamily(family: Family): string {
  const head = `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.kind}\n`
  return head + family.samples.map((sample) => renderSample(family.name, sample)).join("")
}

function renderSample(name: string, sample: Sample): string {
  if (sample.kind === "histogram") return renderHistogram(name, sample.labels, sample.metric)
  return `${name}${braces(sample.labels)} ${number(sample.metric.value)}\n`
}

function renderHistogram(name: string, labels: Labels, histogram: Histogram): string {
  const counts = histogram.upTo(BOUNDS_US)
  const buckets = BOUNDS_US.map(
    (bound, index) => `${name}_bucket${braces({ ...labels, le: number(bound / 1e6) })} ${number(counts[index] ?? 0)}\n`,
  )
  return (
    `${buckets.join("")}${name}_bucket${braces({ ...labels, le: "+Inf" })} ${number(histogram.count)}\n` +
    `${name}_sum${braces(labels)} ${number(histogram.sum / 1e6)}\n${name}_count${braces(labels)} ${number(histogram.count)}\n`
  )
}

function braces(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`
}

/** A strategy's own gauge holds whatever it was given. */
function number(value: unknown): string {
  if (typeof value !== "number" || Number.isNaN(value)) return "NaN"
  if (Number.isFinite(value)) return String(value)
  return value > 0 ? "+Inf" : "-Inf"
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')
