/* What comes back over an exec link: the head of the answer to the upgrade, the frames behind it,
 * and the error text of a refusal.  The first byte says in what pieces the rest arrives; frames in
 * pieces must give what the whole gives. */
#include <assert.h>
#include <string.h>
#include "internal.h"

struct sums {
	uint64_t len[3];
	uint64_t sum[3];
};

static void on_data(void *ctx, int stream, const void *data, size_t len)
{
	struct sums *sums = ctx;
	const unsigned char *bytes = data;

	assert(stream == 1 || stream == 2);
	assert(len > 0);
	sums->len[stream] += len;
	for (size_t i = 0; i < len; i++)
		sums->sum[stream] = sums->sum[stream] * 31 + bytes[i];
}

static bool feed(const uint8_t *data, size_t len, size_t piece, struct sums *ret_sums)
{
	struct podman_demux demux = { 0 };

	for (size_t at = 0; at < len; at += piece) {
		size_t size = len - at < piece ? len - at : piece;

		if (!podman_demux_feed(&demux, data + at, size, on_data, ret_sums))
			return false;
	}
	return true;
}

static void check_frames(const uint8_t *data, size_t len, size_t piece)
{
	struct sums whole = { 0 };
	struct sums pieces = { 0 };
	bool is_fine = feed(data, len, len + 1, &whole);

	assert(feed(data, len, piece, &pieces) == is_fine);
	assert(memcmp(&whole, &pieces, sizeof(whole)) == 0);
}

static void check_head(const uint8_t *data, size_t len)
{
	struct head head = { 0 };
	struct answer answer = { 0 };
	struct error err;

	if (head_read((const char *)data, len, &head) != HEAD_WHOLE)
		return;
	assert(head.len <= len);
	assert(head.status >= 0 && head.status <= 999);
	assert(head.content_length >= -1 && head.content_length <= ANSWER_MAX);
	answer.status = head.status;
	answer.text = (const char *)data + head.len;
	answer.len = len - head.len;
	failure_of_answer(&err, "open a stream", &answer);
	assert(!strpbrk(err.text, "\r\n\t"));
}

static void check_sentence(const uint8_t *data, size_t len)
{
	char clean[240];

	failure_clean((const char *)data, len, clean, sizeof(clean));
	for (const char *c = clean; *c; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	check_frames(data + 1, size - 1, (size_t)data[0] % 37 + 1);
	check_head(data + 1, size - 1);
	check_sentence(data + 1, size - 1);
	return 0;
}
