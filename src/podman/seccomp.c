/* Podman's own profile of system calls, for one kind of program: this machine's.
 *
 * As it comes, the profile lets in the machine's older kinds too (32-bit programs on a 64-bit
 * processor), and the runtime compiles it for each kind anew at every start: a fifth to a quarter
 * of all that making a container costs (runc 1.1.5, libseccomp 2.5.4).  Without them a container
 * starts sooner and a tenant has fewer doors to the kernel; the first system call of such a program
 * ends it by SIGSYS.  All else stays as Podman would have it, byte for byte. */
#include "internal.h"
#include "log.h"

#include <stdio.h>
#include <string.h>

enum { PROFILE_MAX = 1 << 20 };

/* Every architecture that the profile knows, without its older kinds: Podman picks the machine's.
 * NULL when it has no such list. */
static struct json *without_older_kinds(const struct json *profile)
{
	const struct json *map = json_get_array(profile, "archMap");
	struct json *left;

	if (!map)
		return NULL;
	left = json_array();
	for (const struct json *at = json_first(map); at; at = json_next(at)) {
		struct json *entry = json_object();

		json_put_text(entry, "architecture", json_get_text(at, "architecture"));
		json_put(entry, "subArchitectures", json_array());
		json_append(left, entry);
	}
	return left;
}

/* Verbatim, because a mask of 64 bits does not survive being read as a number. */
static void put_member(struct json *object, const char *text, size_t len, const char *key)
{
	const char *start;
	size_t size;

	if (json_raw_member(text, len, key, &start, &size))
		json_put(object, key, json_new_raw(start, size));
}

char *seccomp_narrow(const char *text, size_t len, struct error *err)
{
	auto_json profile = json_parse(text, len, err);
	auto_json left = NULL;
	struct json *map;

	if (!profile)
		return NULL;
	map = without_older_kinds(profile);
	if (!map) {
		error_set(err, ERROR_NOT_FOUND, "it has no archMap");
		return NULL;
	}
	left = json_object();
	for (const struct json *at = json_first(profile); at; at = json_next(at)) {
		if (strcmp(json_key(at), "archMap") != 0)
			put_member(left, text, len, json_key(at));
	}
	json_put(left, "archMap", map);
	return json_print(left);
}

/* False when there is no such file.  One that is too long is cut, and then no JSON. */
static bool read_whole(const char *path, struct buf *ret_text)
{
	FILE *file = fopen(path, "re");
	char chunk[16384];
	size_t len;

	if (!file)
		return false;
	do {
		len = fread(chunk, 1, sizeof(chunk), file);
	} while (len > 0 && buf_add(ret_text, chunk, len));
	fclose(file);
	return true;
}

static const char *read_first(const char *const *places, struct buf *ret_text)
{
	for (; *places; places++)
		if (read_whole(*places, ret_text))
			return *places;
	return NULL;
}

char *seccomp_profile_read(const char *const *places)
{
	auto_buf text = BUF_INIT(PROFILE_MAX);
	const char *place = read_first(places, &text);
	struct error err;
	char *profile;

	if (!place)
		return NULL;
	profile = seccomp_narrow(buf_text(&text), text.len, &err);
	if (!profile)
		log_warn("podman", "%s is used as it is: %s", place, err.text);
	return profile;
}
