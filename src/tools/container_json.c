/* A container in both forms: an object, and lines that read like a terminal's. */
#include "internal.h"
#include <string.h>

enum { MIB = 1024 * 1024 };

struct json *time_json(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(wall_ms, text);
	return json_new_text(text);
}

struct json *ratio_json(int64_t number, int64_t unit)
{
	return number % unit == 0 ? json_new_int(number / unit)
				  : json_new_double((double)number / (double)unit);
}

static struct json *limits_json(const struct container_row *row)
{
	struct json *limits = json_object();

	json_put(limits, "memory_mb", ratio_json(row->memory, MIB));
	json_put(limits, "cpus", ratio_json(row->cpu_milli, 1000));
	json_put_int(limits, "pids", row->pids);
	if (row->disk > 0)
		json_put(limits, "disk_mb", ratio_json(row->disk, MIB));
	return limits;
}

/* "sh bash python3.11" */
static struct json *words_json(const char *words)
{
	struct json *list = json_array();

	while (*words) {
		size_t len = strcspn(words, " ");
		auto_str word = mem_strndup(words, len);

		if (len > 0)
			json_append(list, json_new_text(word));
		words += len;
		words += strspn(words, " ");
	}
	return list;
}

/* What the agent measured, without what stands elsewhere in the same result; NULL when nothing was
 * measured yet. */
static struct json *isolation_json(const struct container_row *row)
{
	struct error ignored;
	auto_json posture =
		row->posture ? json_parse(row->posture, strlen(row->posture), &ignored) : NULL;
	struct json *out;

	if (!posture || json_type(posture) != JSON_OBJECT)
		return NULL;
	out = json_object();
	for (const struct json *wall = json_first(posture); wall; wall = json_next(wall))
		if (strcmp(json_key(wall), "runtimes") != 0 &&
		    strcmp(json_key(wall), "network") != 0)
			json_put(out, json_key(wall), json_copy(wall));
	return out;
}

static void put_if(struct json *object, const char *key, const char *text)
{
	if (text)
		json_put_text(object, key, text);
}

struct json *container_json(const struct sandbox_view *view)
{
	const struct container_row *row = view->row;
	struct json *out = json_object();

	json_put_text(out, "container_id", row->id);
	put_if(out, "name", row->name);
	json_put_text(out, "status", row->state);
	put_if(out, "image", row->image);
	put_if(out, "workdir", row->workdir);
	put_if(out, "network", row->network);
	json_put(out, "limits", limits_json(row));
	json_put(out, "created_at", time_json(row->created_at));
	json_put(out, "expires_at", time_json(row->expires_at));
	if (row->gone_at > 0)
		json_put(out, "gone_at", time_json(row->gone_at));
	put_if(out, "gone_reason", row->gone_reason);
	if (view->runtimes && *view->runtimes)
		json_put(out, "runtimes", words_json(view->runtimes));
	json_put(out, "isolation", isolation_json(row));
	return out;
}

static void limits_text(const struct container_row *row, struct buf *text)
{
	char memory[FORMAT_SIZE], disk[FORMAT_SIZE];

	format_size(row->memory, memory);
	format_size(row->disk, disk);
	buf_addf(text, "limits: %s memory, %g CPU, %lld processes, %s%s; network: %s\n", memory,
		 (double)row->cpu_milli / 1000.0, (long long)row->pids,
		 row->disk > 0 ? disk : "disk not bounded", row->disk > 0 ? " disk" : "",
		 row->network ? row->network : "none");
}

static void times_text(const struct container_row *row, struct buf *text)
{
	char created[CLOCK_TEXT_SIZE], ends[CLOCK_TEXT_SIZE];

	clock_format(row->created_at, created);
	clock_format(row->gone_at > 0 ? row->gone_at : row->expires_at, ends);
	buf_addf(text, "created %s, %s %s%s%s\n", created,
		 row->gone_at > 0 ? "gone since" : "expires", ends, row->gone_reason ? ": " : "",
		 row->gone_reason ? row->gone_reason : "");
}

/* "isolation: memory enforced, swap enforced, disk not bounded" */
static void isolation_text(const struct container_row *row, struct buf *text)
{
	auto_json isolation = isolation_json(row);
	const char *separator = "isolation: ";

	for (const struct json *wall = json_first(isolation); wall; wall = json_next(wall)) {
		const char *state = json_text(wall);

		buf_addf(text, "%s%s %s", separator, json_key(wall), state ? state : "unknown");
		separator = ", ";
	}
	buf_add_text(text, "\n");
}

void container_text(const struct sandbox_view *view, struct buf *text)
{
	const struct container_row *row = view->row;

	buf_addf(text, "container %s%s%s%s is %s\n", row->id, row->name ? " \"" : "",
		 row->name ? row->name : "", row->name ? "\"" : "", row->state);
	buf_addf(text, "image: %s; workdir: %s\n", row->image ? row->image : "",
		 row->workdir ? row->workdir : "");
	limits_text(row, text);
	times_text(row, text);
	if (view->runtimes && *view->runtimes)
		buf_addf(text, "runtimes: %s\n", view->runtimes);
	if (row->posture)
		isolation_text(row, text);
}
