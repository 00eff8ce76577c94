/* Pictures that models can look at, told by their first bytes: a name proves nothing. */
#include "files.h"
#include <string.h>
#include "base64.h"

static const struct {
	const char *type;
	const char *front;
	size_t front_len;
	const char *behind; /* at byte 8; NULL: anything */
} pictures[] = {
	{ "image/png", "\x89PNG\r\n\x1a\n", 8, NULL }, /* PNG, section 5.2 */
	{ "image/jpeg", "\xff\xd8\xff", 3, NULL },     /* ITU T.81, B.1.1.3 */
	{ "image/gif", "GIF87a", 6, NULL },
	{ "image/gif", "GIF89a", 6, NULL },
	{ "image/webp", "RIFF", 4, "WEBP" }, /* RFC 9649 section 2.4 */
};

const char *picture_type(const void *data, size_t len)
{
	for (size_t i = 0; len >= PICTURE_HEAD && i < sizeof(pictures) / sizeof(*pictures); i++)
		if (memcmp(data, pictures[i].front, pictures[i].front_len) == 0 &&
		    (!pictures[i].behind ||
		     memcmp((const char *)data + 8, pictures[i].behind, 4) == 0))
			return pictures[i].type;
	return NULL;
}

void picture_add(struct call *call, const char *media_type, const void *data, size_t len)
{
	auto_buf encoded = BUF_INIT(len / 3 * 4 + 8);
	struct json *block = json_object();

	(void)base64_encode(data, len, &encoded); /* there is room */
	json_put_text(block, "type", "image");
	json_put_text(block, "data", buf_text(&encoded));
	json_put_text(block, "mimeType", media_type);
	call_add_block(call, block);
}
