/* The frames of an exec or attach stream without a terminal: pure, fed in pieces of any size. */
#include "podman.h"

#include <string.h>

enum { STDOUT_STREAM = 1, STDERR_STREAM = 2 };

static bool read_header(struct podman_demux *demux)
{
	const unsigned char *header = demux->header;

	demux->header_have = 0;
	if (header[1] || header[2] || header[3])
		return false;
	if (header[0] != STDOUT_STREAM && header[0] != STDERR_STREAM)
		return false;
	demux->stream = header[0];
	demux->left = (uint32_t)header[4] << 24 | (uint32_t)header[5] << 16 |
		      (uint32_t)header[6] << 8 | header[7];
	return true;
}

bool podman_demux_feed(struct podman_demux *demux, const void *data, size_t len,
		       podman_demux_fn *on_data, void *ctx)
{
	const unsigned char *next = data;

	while (len > 0) {
		size_t missing = sizeof(demux->header) - demux->header_have;
		size_t piece = len;

		if (demux->left > 0) {
			piece = len < demux->left ? len : demux->left;
			demux->left -= (uint32_t)piece;
			on_data(ctx, demux->stream, next, piece);
		} else {
			piece = len < missing ? len : missing;
			memcpy(demux->header + demux->header_have, next, piece);
			demux->header_have += piece;
			if (piece == missing && !read_header(demux))
				return false;
		}
		next += piece;
		len -= piece;
	}
	return true;
}
