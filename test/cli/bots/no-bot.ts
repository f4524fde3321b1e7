// Exports something that is no bot.
export default { name: "plain" }
