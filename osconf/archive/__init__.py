"""The Debian archive as a package set: sources and trust, index, lock, resolver, download cache, .deb files.

Pipeline: `mirror` and `source` say where, `trust` what is genuine, `index` reads, `universe` chooses versions,
`resolver` closes over dependencies, `lock` pins, `fetch` and `cache` bring blobs, `deb` unpacks. `archive` is the
facade that the coordinator uses. Names of hosts appear nowhere: they come from the machine's apt sources or settings.
"""
