/* The range header under libFuzzer.  Input: eight bytes of size, then the header.  What must hold:
 * a part lies inside the representation and is not empty; nothing is written otherwise. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t size, first = 7, length = 7;
	char *header;

	if (len < sizeof(size))
		return 0;
	memcpy(&size, data, sizeof(size));
	header = strndup((const char *)data + sizeof(size), len - sizeof(size));
	if (http_range_parse(header, size, &first, &length) == HTTP_RANGE_PART) {
		assert(length > 0);
		assert(first < size);
		assert(length <= size - first);
	} else {
		assert(first == 7 && length == 7);
	}
	free(header);
	return 0;
}
