// A Node with nothing to do.
setInterval(() => {}, 1e8)
console.log('ready')
