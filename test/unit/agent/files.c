/* What the agent does with paths: listing, looking, writing whole files,
 * removing, moving. */
#include "house.h"

static const uint32_t stream = WIRE_FILE_STREAM | 7;
enum { FOUND_MAX = 64, TEXT_MAX = 300 };

/* --- listing --------------------------------------------------------------------------------- */

struct found {
	unsigned count;
	unsigned frames;
	struct {
		struct wire_entry told;
		char path[TEXT_MAX];
		char target[TEXT_MAX];
	} entries[FOUND_MAX]; /* the first of them */
	struct wire_list_end end;
};

static void order_list(struct link *link, uint32_t as, const struct wire_list *list)
{
	struct wire_writer writer = fresh();

	wire_put_list(&writer, list);
	order(link, WIRE_LIST, as, writer.data, writer.len);
}

static struct wire_list list_of(const char *path, const char *pattern, bool recursive)
{
	struct wire_list list = {
		.base = "/tmp", .recursive = recursive, .looks_max = 200000, .limit_ms = PATIENCE_MS
	};

	snprintf(list.path, sizeof(list.path), "%s", path);
	snprintf(list.pattern, sizeof(list.pattern), "%s", pattern);
	return list;
}

static void take_entries(struct found *found, const struct wire_frame *frame)
{
	struct wire_cursor cursor = { .data = frame->payload, .len = frame->length };
	struct wire_entry told;

	found->frames++;
	while (cursor.at < cursor.len) {
		assert_true(wire_get_entry(&cursor, &told));
		if (found->count < FOUND_MAX) {
			found->entries[found->count].told = told;
			snprintf(found->entries[found->count].path, TEXT_MAX, "%.*s",
				 (int)told.path_len, told.path);
			snprintf(found->entries[found->count].target, TEXT_MAX, "%.*s",
				 (int)told.target_len, told.target);
		}
		found->count++;
	}
}

static struct found *take_list(struct link *link)
{
	struct found *found = calloc(1, sizeof(*found));

	assert_non_null(found);
	while (next(link)->type == WIRE_ENTRIES) {
		assert_int_equal(link->frame.stream, stream);
		take_entries(found, &link->frame);
	}
	assert_int_equal(link->frame.type, WIRE_LIST_END);
	assert_int_equal(link->frame.stream, stream);
	assert_true(wire_get_list_end(&link->frame, &found->end));
	return found;
}

static struct found *list(struct link *link, const char *path, const char *pattern, bool recursive)
{
	struct wire_list wanted = list_of(path, pattern, recursive);

	order_list(link, stream, &wanted);
	return take_list(link);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The paths, sorted, with a blank behind each. */
static void assert_listed(struct link *link, const char *pattern, bool recursive, const char *want)
{
	struct found *found = list(link, "tree", pattern, recursive);
	char paths[FOUND_MAX][TEXT_MAX];
	char text[FOUND_MAX * 20] = "";
	size_t len = 0;

	assert_true(found->count < FOUND_MAX);
	for (unsigned i = 0; i < found->count; i++)
		memcpy(paths[i], found->entries[i].path, TEXT_MAX);
	qsort(paths, found->count, TEXT_MAX, by_path);
	for (unsigned i = 0; i < found->count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ", paths[i]);
	assert_string_equal(text, want);
	assert_string_equal(found->end.path, "/tmp/tree");
	free(found);
}

static void refused(struct link *link, int number, const char *where)
{
	struct wire_failed failed;

	assert_true(wire_get_failed(expect(link, WIRE_FAILED, stream), &failed));
	assert_int_equal(failed.number, number);
	assert_string_equal(failed.where, where);
}

static void make_tree(struct link *link)
{
	free(run(link, 1,
		 "mkdir -p tree/src/deep/er tree/.git/x; cd tree; touch a.c b.h .hidden src/c.c "
		 "src/deep/d.c src/deep/er/e.c .git/x/f.c; ln -s /nowhere away; ln -s src loop"));
}

static void a_folder_is_listed_and_a_tree_only_when_wished(void **state)
{
	struct link *link = link_make(*state);

	make_tree(link);
	assert_listed(link, "", false, ".git .hidden a.c away b.h loop src ");
	assert_listed(link, "", true,
		      ".git .git/x .git/x/f.c .hidden a.c away b.h loop src src/c.c src/deep "
		      "src/deep/d.c src/deep/er src/deep/er/e.c ");
	link_drop(link);
}

static void a_pattern_says_how_deep_it_goes_and_leaves_the_hidden_alone(void **state)
{
	struct link *link = link_make(*state);

	make_tree(link);
	assert_listed(link, "*.c", false, "a.c ");
	assert_listed(link, "**/*.c", false, "a.c src/c.c src/deep/d.c src/deep/er/e.c ");
	assert_listed(link, "src/*", false, "src/c.c src/deep ");
	assert_listed(link, "*/*/d.c", true, "src/deep/d.c ");
	assert_listed(link, ".*", false, ".git .hidden ");
	assert_listed(link, ".git/**", false, ".git/x .git/x/f.c ");
	assert_listed(link, "none*", true, "");
	link_drop(link);
}

static void an_entry_says_what_it_is(void **state)
{
	static const uint8_t types[] = { WIRE_FILE_DIRECTORY, WIRE_FILE_FIFO, WIRE_FILE_REGULAR,
					 WIRE_FILE_LINK };
	struct link *link = link_make(*state);
	bool seen[4] = { false };
	struct found *found;

	free(run(link, 1,
		 "mkdir kinds; cd kinds; mkdir a; mkfifo b; printf hello > c; chmod 4751 c; "
		 "touch -d @1000000000.5 c; ln -s \"$(printf 'x\\ny')\" d"));
	found = list(link, "kinds", "", false);
	assert_int_equal(found->count, 4);
	for (unsigned i = 0; i < 4; i++) {
		unsigned at = (unsigned)(found->entries[i].path[0] - 'a');

		assert_int_equal(found->entries[i].told.type, types[at]);
		seen[at] = true;
		if (at == 2) {
			assert_int_equal(found->entries[i].told.size, 5);
			assert_int_equal(found->entries[i].told.mode, 04751);
			assert_int_equal(found->entries[i].told.modified_ns, 1000000000500000000);
		}
		if (at == 3)
			assert_string_equal(found->entries[i].target, "x\ny");
	}
	assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
	free(found);
	link_drop(link);
}

static void a_name_may_have_any_bytes(void **state)
{
	struct link *link = link_make(*state);
	struct found *found;

	free(run(link, 1, "mkdir odd; touch \"odd/$(printf 'a\\nb\\377')\""));
	found = list(link, "odd", "a*", false);
	assert_int_equal(found->count, 1);
	assert_string_equal(found->entries[0].path, "a\nb\377");
	free(found);
	link_drop(link);
}

static void a_huge_folder_comes_in_pieces_and_commands_pass(void **state)
{
	struct link *link = link_make(*state);
	struct wire_list wanted = list_of("huge", "", false);
	struct found *found;

	free(run(link, 1, "mkdir huge; cd huge; seq -f file-%g 30000 | xargs touch"));
	found = list(link, "huge", "", false);
	assert_int_equal(found->count, 30000);
	assert_false(found->end.truncated);
	assert_true(found->frames > 30);
	free(found);
	wanted.looks_max = 1000;
	order_list(link, stream, &wanted);
	found = take_list(link);
	assert_int_equal(found->count, 1000);
	assert_true(found->end.truncated);
	free(found);
	order_list(link, stream, &wanted);
	order(link, WIRE_CLOSE, stream, NULL, 0);
	order(link, WIRE_PING, 0, NULL, 0);
	while (next(link)->type != WIRE_PONG)
		;
	assert_out(link, 2, "echo still", "still\n");
	link_drop(link);
}

static void what_comes_behind_the_bar_is_not_looked_at(void **state)
{
	struct link *link = link_make(*state);
	struct wire_list wanted = list_of("wide", "", true);
	struct wire_writer writer;
	struct found *found;

	free(run(link, 1, "mkdir wide; cd wide; seq -f %05g 20000 | xargs mkdir; touch 19999/x"));
	order_list(link, stream, &wanted);
	writer = fresh();
	wire_put_bar(&writer, "00100", 5);
	order(link, WIRE_BAR, stream, writer.data, writer.len);
	found = take_list(link);
	/* Some are on their way before the bar is there. */
	assert_true(found->count >= 99 && found->count < 15000);
	assert_true(found->end.truncated);
	free(found);
	order(link, WIRE_BAR, stream, writer.data, writer.len); /* too late, and no harm */
	found = list(link, "wide", "", false);
	assert_int_equal(found->count, 20000);
	free(found);
	link_drop(link);
}

static void the_kernels_own_folders_are_not_gone_into(void **state)
{
	struct link *link = link_make(*state);
	struct wire_list wanted = list_of("/", "", true);
	struct found *found;

	snprintf(wanted.pattern, sizeof(wanted.pattern), "proc/**");
	order_list(link, stream, &wanted);
	found = take_list(link);
	assert_int_equal(found->count, 0);
	free(found);
	wanted = list_of("/proc/sys", "", false);
	order_list(link, stream, &wanted);
	found = take_list(link);
	assert_true(found->count > 2);
	assert_string_equal(found->end.path, "/proc/sys");
	free(found);
	link_drop(link);
}

static void a_tree_deeper_than_can_be_said_is_truncated(void **state)
{
	struct link *link = link_make(*state);
	struct found *found;

	free(run(link, 1,
		 "i=0; mkdir deep; cd deep; while [ $i -lt 100 ]; do mkdir d; cd d; "
		 "i=$((i+1)); done"));
	found = list(link, "deep", "", true);
	assert_int_equal(found->count, 64);
	assert_true(found->end.truncated);
	free(found);
	link_drop(link);
}

static void what_is_no_folder_is_not_listed(void **state)
{
	struct link *link = link_make(*state);
	struct wire_list wanted = list_of("none", "", false);

	free(run(link, 1, "touch file; ln -s self self; mkfifo pipe"));
	order_list(link, stream, &wanted);
	refused(link, ENOENT, "list");
	wanted = list_of("file", "", false);
	order_list(link, stream, &wanted);
	refused(link, ENOTDIR, "list");
	wanted = list_of("pipe", "", false);
	order_list(link, stream, &wanted);
	refused(link, ENOTDIR, "list");
	wanted = list_of("self", "", false);
	order_list(link, stream, &wanted);
	refused(link, ELOOP, "list");
	link_drop(link);
}

static void more_at_once_than_there_is_room_for_is_refused(void **state)
{
	struct link *link = link_make(*state);
	struct wire_list wanted = list_of("/usr", "", true);
	struct wire_failed failed;

	for (uint32_t i = 0; i < 10; i++)
		order_list(link, stream + i, &wanted);
	for (int refusals = 0; refusals < 2;) {
		if (next(link)->type != WIRE_FAILED)
			continue;
		assert_true(wire_get_failed(&link->frame, &failed));
		assert_int_equal(failed.number, EMFILE);
		refusals++;
	}
	for (uint32_t i = 0; i < 8; i++)
		order(link, WIRE_CLOSE, stream + i, NULL, 0);
	order(link, WIRE_PING, 0, NULL, 0);
	while (next(link)->type != WIRE_PONG)
		;
	free(run(link, 1, "mkdir empty"));
	free(list(link, "empty", "", false));
	link_drop(link);
}

/* --- looking --------------------------------------------------------------------------------- */

static void order_target(struct link *link, enum wire_type type, const char *path, bool flag)
{
	static struct wire_target target;
	struct wire_writer writer = fresh();

	target = (struct wire_target){ .base = "/tmp", .flag = flag, .limit_ms = PATIENCE_MS };
	snprintf(target.path, sizeof(target.path), "%s", path);
	wire_put_target(&writer, &target);
	order(link, type, stream, writer.data, writer.len);
}

static struct wire_entry look_at(struct link *link, const char *path, bool itself)
{
	struct wire_entry entry;

	order_target(link, WIRE_STAT, path, itself);
	assert_true(wire_get_stated(expect(link, WIRE_STATED, stream), &entry));
	return entry;
}

static void assert_path(const struct wire_entry *entry, const char *path)
{
	assert_int_equal(entry->path_len, strlen(path));
	assert_memory_equal(entry->path, path, entry->path_len);
}

static void a_look_follows_links_or_sees_them(void **state)
{
	struct link *link = link_make(*state);
	struct wire_entry entry;

	free(run(link, 1, "mkdir in; printf 12345 > in/file; ln -s in/file short; mkfifo in/pipe"));
	entry = look_at(link, "short", false);
	assert_int_equal(entry.type, WIRE_FILE_REGULAR);
	assert_int_equal(entry.size, 5);
	assert_path(&entry, "/tmp/in/file");
	entry = look_at(link, "../tmp/./short", true);
	assert_int_equal(entry.type, WIRE_FILE_LINK);
	assert_int_equal(entry.target_len, 7);
	assert_path(&entry, "/tmp/short");
	entry = look_at(link, "in/pipe", false);
	assert_int_equal(entry.type, WIRE_FILE_FIFO);
	entry = look_at(link, "/../../..", false);
	assert_path(&entry, "/");
	order_target(link, WIRE_STAT, "none", false);
	refused(link, ENOENT, "stat");
	order_target(link, WIRE_STAT, "in/file/x", false);
	refused(link, ENOTDIR, "stat");
	order_target(link, WIRE_STAT, "/proc/self/root/etc", false);
	refused(link, ELOOP, "stat");
	link_drop(link);
}

/* --- writing whole files --------------------------------------------------------------------- */

struct wish {
	const char *path;
	uint32_t mode;
	bool append;
	bool no_folders;
	uint64_t version;
};

static void order_compose(struct link *link, struct wish wish)
{
	static struct wire_compose compose;
	struct wire_writer writer = fresh();

	compose = (struct wire_compose){ .place.base = "/tmp",
					 .place.size = 5,
					 .mode = wish.mode ? wish.mode : WIRE_MODE_KEPT,
					 .append = wish.append,
					 .make_folders = !wish.no_folders,
					 .version = wish.version };
	snprintf(compose.place.path, sizeof(compose.place.path), "%s", wish.path);
	wire_put_compose(&writer, &compose);
	order(link, WIRE_COMPOSE, stream, writer.data, writer.len);
}

static void send_hello(struct link *link)
{
	uint8_t payload[WIRE_CHUNK_HEADER + 5 + 1];
	struct wire_writer writer = fresh();

	wire_put_chunk(payload, 0);
	memcpy(payload + WIRE_CHUNK_HEADER, "hello", 5 + 1);
	order(link, WIRE_WRITE, stream, payload, WIRE_CHUNK_HEADER + 5);
	wire_put_taken(&writer, 5);
	order(link, WIRE_SAVE, stream, writer.data, writer.len);
}

/* Writes "hello"; the whole file's size. */
static uint64_t compose(struct link *link, struct wish wish, bool replaces)
{
	struct wire_created created;
	struct wire_saved saved;

	order_compose(link, wish);
	assert_true(wire_get_created(expect(link, WIRE_CREATED, stream), &created));
	assert_int_equal(created.replaces, replaces);
	send_hello(link);
	assert_true(wire_get_saved(expect(link, WIRE_SAVED, stream), &saved));
	assert_int_equal(saved.replaced, replaces);
	order(link, WIRE_CLOSE, stream, NULL, 0);
	return saved.size;
}

static void a_file_is_written_whole_with_its_mode(void **state)
{
	struct link *link = link_make(*state);

	assert_int_equal(compose(link, (struct wish){ .path = "new/one" }, false), 5);
	assert_int_equal(compose(link, (struct wish){ .path = "new/two", .mode = 0751 }, false), 5);
	free(run(link, 1, "chmod 600 new/one"));
	assert_int_equal(compose(link, (struct wish){ .path = "new/one" }, true), 5);
	assert_out(link, 2, "cat new/one; stat -c ' %a' new/one new/two; ls -A new | wc -l",
		   "hello 600\n 751\n2\n");
	order_compose(link, (struct wish){ .path = "newer/one", .no_folders = true });
	refused(link, ENOENT, "open");
	assert_out(link, 3, "ls -d newer 2>&1 | grep -c cannot", "1\n");
	link_drop(link);
}

static void what_is_appended_goes_to_the_end(void **state)
{
	struct link *link = link_make(*state);
	struct wish wish = { .path = "log", .append = true };

	assert_int_equal(compose(link, wish, false), 5);
	assert_int_equal(compose(link, wish, true), 10);
	free(run(link, 1, "ln -s log short; mkfifo pipe; chmod 640 log"));
	wish.path = "short";
	assert_int_equal(compose(link, wish, true), 15);
	assert_out(link, 2, "cat log; stat -c ' %a %F' log short; ls .upload* 2>/dev/null",
		   "hellohellohello 640 regular file\n 777 symbolic link\n");
	wish.path = "pipe";
	order_compose(link, wish);
	refused(link, ENXIO, "open");
	link_drop(link);
}

static uint64_t version_of(struct link *link, const char *path)
{
	static struct wire_open open;
	struct wire_opened opened;
	struct wire_writer writer = fresh();

	snprintf(open.base, sizeof(open.base), "/tmp");
	snprintf(open.path, sizeof(open.path), "%s", path);
	wire_put_open(&writer, &open);
	order(link, WIRE_OPEN, stream, writer.data, writer.len);
	assert_true(wire_get_opened(expect(link, WIRE_OPENED, stream), &opened));
	order(link, WIRE_CLOSE, stream, NULL, 0);
	return wire_version(opened.inode, opened.modified_ns, opened.size);
}

static void only_the_file_that_was_meant_is_replaced(void **state)
{
	struct link *link = link_make(*state);
	struct wish wish = { .path = "file" };

	free(run(link, 1, "echo one > file"));
	wish.version = version_of(link, "file");
	assert_int_equal(compose(link, wish, true), 5);
	order_compose(link, wish); /* it is another one now */
	refused(link, ESTALE, "version");
	wish.version = version_of(link, "file");
	order_compose(link, wish);
	expect(link, WIRE_CREATED, stream);
	free(run(link, 2, "echo theirs >> file"));
	send_hello(link);
	refused(link, ESTALE, "version");
	order(link, WIRE_CLOSE, stream, NULL, 0);
	assert_out(link, 3, "cat file; rm file; ls -A | grep -c upload", "hellotheirs\n0\n");
	order_compose(link, wish);
	refused(link, ESTALE, "version");
	link_drop(link);
}

/* --- removing -------------------------------------------------------------------------------- */

static struct wire_removed remove_path(struct link *link, const char *path, bool recursive)
{
	struct wire_removed removed;

	order_target(link, WIRE_REMOVE, path, recursive);
	assert_true(wire_get_removed(expect(link, WIRE_REMOVED, stream), &removed));
	return removed;
}

static void assert_removed(struct link *link, const char *path, uint64_t count, const char *found)
{
	struct wire_removed removed = remove_path(link, path, true);

	assert_int_equal(removed.failed.number, 0);
	assert_int_equal(removed.count, count);
	assert_string_equal(removed.path, found);
}

static void what_is_removed_is_the_thing_itself(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 1,
		 "mkdir d d/in; echo x > file; ln -s file l1; ln -s d l2; ln -s d l3; mkfifo p; "
		 "touch \"$(printf 'a\\nb')\""));
	assert_removed(link, "l1", 1, "/tmp/l1");
	assert_removed(link, "l2", 1, "/tmp/l2");
	assert_removed(link, "l3/", 1, "/tmp/l3");
	assert_removed(link, "p", 1, "/tmp/p");
	assert_removed(link, "a\nb", 1, "/tmp/a\nb");
	assert_out(link, 2, "ls", "d\nfile\n");
	assert_removed(link, "../tmp/file", 1, "/tmp/file");
	assert_removed(link, "/tmp/d/in/", 1, "/tmp/d/in");
	assert_out(link, 3, "ls", "d\n");
	link_drop(link);
}

static void a_folder_goes_with_all_that_is_in_it_only_when_wished(void **state)
{
	struct link *link = link_make(*state);
	struct wire_removed removed;

	make_tree(link);
	removed = remove_path(link, "tree", false);
	assert_int_equal(removed.failed.number, ENOTEMPTY);
	assert_int_equal(removed.count, 0);
	free(run(link, 2, "mkdir src; touch src/stays; ln -s /tmp/src tree/outside"));
	assert_removed(link, "tree", 16, "/tmp/tree");
	assert_out(link, 3, "ls . src", ".:\nsrc\n\nsrc:\nstays\n");
	link_drop(link);
}

static void a_tree_of_any_depth_and_size_goes_in_steps(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 1,
		 "mkdir t; cd t; i=0; while [ $i -lt 300 ]; do mkdir d e; touch e/f; cd d; "
		 "i=$((i+1)); done; cd /tmp/t; mkdir wide; cd wide; seq 5000 | xargs touch"));
	assert_removed(link, "t", 300 * 3 + 5000 + 2, "/tmp/t");
	assert_out(link, 2, "ls", "");
	link_drop(link);
}

static void some_things_stay_where_they_are(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 1, "mkdir -p m/mounted; mount -t tmpfs none m/mounted; touch m/mounted/x"));
	order_target(link, WIRE_REMOVE, "/", true);
	refused(link, EBUSY, "root");
	order_target(link, WIRE_REMOVE, "/tmp", true);
	refused(link, EBUSY, "workdir");
	order_target(link, WIRE_REMOVE, "/.sandpod/link", true);
	refused(link, EBUSY, "mount");
	order_target(link, WIRE_REMOVE, "m/mounted", true);
	refused(link, EBUSY, "mount");
	order_target(link, WIRE_REMOVE, "/proc/self", true);
	refused(link, EACCES, "kernel file");
	order_target(link, WIRE_REMOVE, "m/.", true);
	refused(link, EINVAL, "path");
	order_target(link, WIRE_REMOVE, "m/..", true);
	refused(link, EINVAL, "path");
	order_target(link, WIRE_REMOVE, "none", true);
	refused(link, ENOENT, "path");
	assert_out(link, 2, "ls m/mounted; umount m/mounted", "x\n");
	link_drop(link);
}

static void a_mount_in_a_tree_stops_the_removal_and_is_named(void **state)
{
	struct link *link = link_make(*state);
	struct wire_removed removed;

	free(run(link, 1,
		 "mkdir -p m/in/mounted; mount -t tmpfs none m/in/mounted; "
		 "touch m/in/mounted/x"));
	removed = remove_path(link, "m", true);
	assert_int_equal(removed.failed.number, EBUSY);
	assert_string_equal(removed.failed.where, "mount");
	assert_string_equal(removed.path, "/tmp/m/in/mounted");
	assert_out(link, 2, "ls m/in/mounted; umount m/in/mounted", "x\n");
	assert_removed(link, "m", 3, "/tmp/m");
	link_drop(link);
}

static void a_removal_taken_back_stops_and_its_time_is_bounded(void **state)
{
	static struct wire_target target = { .base = "/tmp", .path = "wide", .flag = 1 };
	struct link *link = link_make(*state);
	struct wire_writer writer = fresh();
	struct wire_removed removed;

	free(run(link, 1, "mkdir wide; cd wide; seq 100 | xargs touch"));
	wire_put_target(&writer, &target); /* no time at all */
	order(link, WIRE_REMOVE, stream, writer.data, writer.len);
	assert_true(wire_get_removed(expect(link, WIRE_REMOVED, stream), &removed));
	assert_int_equal(removed.failed.number, ETIME);
	assert_int_equal(removed.count, 0);
	order_target(link, WIRE_REMOVE, "wide", true);
	order(link, WIRE_CLOSE, stream, NULL, 0);
	while (try_next(link, QUIET_MS))
		;
	free(run(link, 2, "mkdir -p wide"));
	assert_int_equal(remove_path(link, "wide", true).failed.number, 0);
	link_drop(link);
}

/* --- moving ---------------------------------------------------------------------------------- */

static void order_move(struct link *link, const char *source, const char *destination,
		       bool overwrite)
{
	static struct wire_move move;
	struct wire_writer writer = fresh();

	move = (struct wire_move){ .base = "/tmp",
				   .overwrite = overwrite,
				   .limit_ms = PATIENCE_MS };
	snprintf(move.source, sizeof(move.source), "%s", source);
	snprintf(move.destination, sizeof(move.destination), "%s", destination);
	wire_put_move(&writer, &move);
	order(link, WIRE_MOVE, stream, writer.data, writer.len);
}

static void assert_moved(struct link *link, const char *source, const char *destination,
			 const char *found)
{
	static struct wire_moved moved;

	order_move(link, source, destination, false);
	assert_true(wire_get_moved(expect(link, WIRE_MOVED, stream), &moved));
	assert_string_equal(moved.destination, found);
}

static void what_is_moved_keeps_what_it_is(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 1,
		 "mkdir -p d/in e; echo x > file; ln -s nowhere link; mkfifo pipe; "
		 "ln -s e to-e"));
	assert_moved(link, "file", "renamed", "/tmp/renamed");
	assert_moved(link, "renamed", "d/", "/tmp/d/renamed");
	assert_moved(link, "d/renamed", "e", "/tmp/e/renamed");
	assert_moved(link, "link", "to-e", "/tmp/e/link");
	assert_moved(link, "pipe", "/tmp/e/../e/fifo", "/tmp/e/fifo");
	assert_moved(link, "d", "e", "/tmp/e/d");
	assert_out(link, 2, "find . | sort; readlink e/link",
		   ".\n./e\n./e/d\n./e/d/in\n./e/fifo\n./e/link\n./e/renamed\n./to-e\n"
		   "nowhere\n");
	link_drop(link);
}

static void holes_are_not_filled_on_the_way_to_another_file_system(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 1,
		 "mkdir m; mount -t tmpfs -o size=1m none m; truncate -s 1T holes; "
		 "printf end | dd of=holes bs=1 seek=500G conv=notrunc 2>/dev/null"));
	assert_moved(link, "holes", "m/", "/tmp/m/holes");
	assert_out(link, 2,
		   "stat -c %s m/holes; tail -c +536870912001 m/holes | head -c 4 | od -An -c; "
		   "ls; umount m",
		   "1099511627776\n   e   n   d  \\0\nm\n");
	link_drop(link);
}

static void nothing_is_replaced_unless_that_is_wished(void **state)
{
	struct link *link = link_make(*state);
	struct wire_moved moved;

	free(run(link, 1, "echo a > a; echo b > b; mkdir -p d/a/full empty e/empty"));
	order_move(link, "a", "b", false);
	refused(link, EEXIST, "destination");
	order_move(link, "a", "b", true);
	assert_true(wire_get_moved(expect(link, WIRE_MOVED, stream), &moved));
	assert_string_equal(moved.source, "/tmp/a");
	assert_out(link, 2, "cat b; ls", "a\nb\nd\ne\nempty\n");
	free(run(link, 3, "mkdir a"));
	order_move(link, "a", "d", true);
	refused(link, ENOTEMPTY, "destination");
	order_move(link, "empty", "e", true);
	expect(link, WIRE_MOVED, stream);
	link_drop(link);
}

static void what_cannot_be_moved_says_why(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 1, "mkdir -p d/in; touch file"));
	order_move(link, "none", "b", false);
	refused(link, ENOENT, "path");
	order_move(link, "file", "none/b", false);
	refused(link, ENOENT, "destination");
	order_move(link, "file", "none/", false);
	refused(link, ENOENT, "destination");
	order_move(link, "file", "file/x", false);
	refused(link, ENOTDIR, "destination");
	order_move(link, "d", "d/in", false);
	refused(link, EINVAL, "inside");
	order_move(link, "d", "d", false);
	refused(link, EINVAL, "inside");
	order_move(link, "/tmp", "/elsewhere", false);
	refused(link, EBUSY, "workdir");
	order_move(link, "/", "/elsewhere", false);
	refused(link, EBUSY, "root");
	order_move(link, "/.sandpod/link", "mine", false);
	refused(link, EBUSY, "mount");
	order_move(link, "file", "/proc/file", false);
	refused(link, EACCES, "kernel destination");
	order_move(link, "file", "/proc", false);
	refused(link, EACCES, "kernel destination");
	order_move(link, "/proc/version", "mine", false);
	refused(link, EACCES, "kernel file");
	link_drop(link);
}

static void mount_other(struct link *link, uint32_t command, const char *options)
{
	char text[200];

	snprintf(text, sizeof(text), "mkdir -p /other; mount -t tmpfs -o %s none /other", options);
	free(run(link, command, text));
}

static void a_move_into_another_file_system_copies_and_removes(void **state)
{
	struct link *link = link_make(*state);

	mount_other(link, 9, "size=20m");
	make_tree(link);
	free(run(link, 2,
		 "head -c 3000000 /dev/zero > tree/src/big; chmod 751 tree/src tree/src/big; "
		 "touch -d @1000000000 tree/src/big; touch -d @1100000000 tree/src; "
		 "mkfifo -m 640 tree/pipe; chown 5:6 tree/src/big"));
	assert_moved(link, "tree", "/other/tree", "/other/tree");
	assert_out(link, 3,
		   "ls -A; cd /other; ls -A; stat -c '%a %s %Y %u' tree/src/big; "
		   "stat -c '%a %Y' tree/src; find tree | wc -l; readlink tree/loop; "
		   "stat -c '%F %a' tree/pipe",
		   "tree\n751 3000000 1000000000 5\n751 1100000000\n17\nsrc\nfifo 640\n");
	assert_moved(link, "/other/tree/src/big", "big", "/tmp/big");
	assert_moved(link, "/other/tree/loop", "loop", "/tmp/loop");
	assert_moved(link, "/other/tree/pipe", ".", "/tmp/pipe");
	assert_out(link, 4, "ls -A; stat -c '%a %s %Y' big; ls /other/tree/src",
		   "big\nloop\npipe\n751 3000000 1000000000\nc.c\ndeep\n");
	link_drop(link);
}

static void a_copy_without_room_leaves_nothing_and_the_source_alone(void **state)
{
	struct link *link = link_make(*state);

	mount_other(link, 1, "size=1m");
	free(run(link, 2,
		 "mkdir -p d/in; head -c 3000000 /dev/zero > d/in/big; touch /other/there"));
	order_move(link, "d", "/other/d", false);
	refused(link, ENOSPC, "copy");
	order_move(link, "d/in/big", "/other", false);
	refused(link, ENOSPC, "copy");
	order_move(link, "d/in/big", "/other/there", false);
	refused(link, EEXIST, "destination");
	assert_out(link, 3, "ls -A /other; stat -c %s d/in/big", "there\n3000000\n");
	link_drop(link);
}

static void a_mount_in_a_tree_is_not_copied(void **state)
{
	struct link *link = link_make(*state);

	mount_other(link, 1, "size=1m");
	free(run(link, 2, "mkdir -p d/in; mount -t tmpfs none d/in; touch d/in/x d/y"));
	order_move(link, "d", "/other", false);
	refused(link, EBUSY, "mount");
	assert_out(link, 3, "ls -A /other; find d | sort; umount d/in", "d\nd/in\nd/in/x\nd/y\n");
	link_drop(link);
}

static void a_move_that_nobody_waits_for_cleans_up(void **state)
{
	struct link *link = link_make(*state);

	mount_other(link, 1, "size=30m");
	free(run(link, 2, "mkdir d; head -c 20000000 /dev/zero > d/big"));
	order_move(link, "d", "/other", false);
	order(link, WIRE_CLOSE, stream, NULL, 0);
	assert_out(link, 3,
		   "for i in 1 2 3 4 5 6 7 8 9; do ls -A /other | grep -q . || break; "
		   "sleep 0.1; done; ls -A /other; ls d",
		   "big\n");
	link_drop(link);
}

/* --- watching -------------------------------------------------------------------------------- */

/* How many changes are told while a command runs, and until it is quiet again. */
static unsigned count_changes(struct link *link, uint32_t number, const char *command)
{
	struct result *result = result_new();
	unsigned changes = 0;

	begin(link, number, command);
	while (try_next(link, result->ended ? QUIET_MS : PATIENCE_MS)) {
		if (link->frame.type == WIRE_CHANGED)
			changes++;
		else
			result_take(result, link, number);
	}
	assert_true(result->ended);
	assert_false(link->at_end);
	free(result);
	return changes;
}

/* Twice where the machine is so slow that the command takes longer than changes are bundled. */
static void assert_changed(struct link *link, uint32_t number, const char *command)
{
	assert_in_range(count_changes(link, number, command), 1, 2);
}

static void assert_quiet(struct link *link, uint32_t number, const char *command)
{
	assert_int_equal(count_changes(link, number, command), 0);
}

static void every_way_to_change_a_file_is_told_once(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 1, "mkdir d; echo x > d/file"));
	order_target(link, WIRE_OBSERVE, "d/file", false);
	expect(link, WIRE_OBSERVED, stream);
	assert_changed(link, 2, "echo y > d/file; echo z >> d/file");
	assert_changed(link, 3, "echo new > d/tmp; mv d/tmp d/file");
	assert_changed(link, 4, "rm d/file");
	assert_changed(link, 5, "echo again > d/file");
	assert_changed(link, 6, "mv d elsewhere");
	assert_changed(link, 7, "mkdir d; echo other > d/file");
	assert_quiet(link, 8, "echo x > d/another; cat d/file > /dev/null; echo > elsewhere/file");
	order(link, WIRE_CLOSE, stream, NULL, 0);
	assert_quiet(link, 9, "echo x > d/file");
	link_drop(link);
}

static void a_file_that_is_not_there_is_waited_for(void **state)
{
	struct link *link = link_make(*state);

	order_target(link, WIRE_OBSERVE, "a/b/c", false);
	expect(link, WIRE_OBSERVED, stream);
	assert_quiet(link, 1, "mkdir a; mkdir x");
	assert_changed(link, 2, "mkdir a/b; echo > a/b/c");
	assert_changed(link, 3, "rm -r a");
	assert_changed(link, 4, "mkdir -p a/b; echo > a/b/c");
	link_drop(link);
}

static void a_change_behind_a_link_is_told(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 1, "mkdir in; echo x > in/one; echo y > in/two; ln -s in/one short"));
	order_target(link, WIRE_OBSERVE, "short", false);
	expect(link, WIRE_OBSERVED, stream);
	assert_changed(link, 2, "echo z >> in/one");
	assert_changed(link, 3, "echo n > in/new; mv in/new in/one");
	assert_changed(link, 4, "echo z >> in/one");
	assert_changed(link, 5, "ln -sf in/two short");
	assert_quiet(link, 6, "echo z >> in/one");
	assert_changed(link, 7, "echo z >> in/two");
	link_drop(link);
}

static void a_busy_file_is_told_of_at_a_bounded_rate(void **state)
{
	struct link *link = link_make(*state);
	uint64_t begun;
	unsigned changes;

	order_target(link, WIRE_OBSERVE, "busy", false);
	expect(link, WIRE_OBSERVED, stream);
	begun = now_ms();
	changes = count_changes(link, 1,
				"i=0; while [ $i -lt 20000 ]; do echo x >> busy; i=$((i+1)); done");
	assert_in_range(changes, 1, (now_ms() - begun) / 100 + 1);
	link_drop(link);
}

static void as_many_as_there_is_room_for_are_watched(void **state)
{
	static struct wire_target target = { .base = "/tmp", .path = "file" };
	struct link *link = link_make(*state);
	struct wire_writer writer;

	for (uint32_t i = 0; i < 33; i++) {
		writer = fresh();
		wire_put_target(&writer, &target);
		order(link, WIRE_OBSERVE, stream + i, writer.data, writer.len);
		if (i < 32)
			expect(link, WIRE_OBSERVED, stream + i);
		else
			expect(link, WIRE_FAILED, stream + i);
	}
	order(link, WIRE_CLOSE, stream, NULL, 0); /* the others go on */
	assert_in_range(count_changes(link, 1, "echo > file"), 31, 62);
	link_drop(link);
	link = link_make(*state);
	assert_quiet(link, 2, "echo > file"); /* a link's watches end with it */
	order_target(link, WIRE_OBSERVE, "/proc/self/status", false);
	refused(link, EACCES, "observe");
	link_drop(link);
}

#define HOUSE(test) cmocka_unit_test_setup_teardown(test, house_build, house_demolish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE(a_folder_is_listed_and_a_tree_only_when_wished),
		HOUSE(a_pattern_says_how_deep_it_goes_and_leaves_the_hidden_alone),
		HOUSE(an_entry_says_what_it_is),
		HOUSE(a_name_may_have_any_bytes),
		HOUSE(a_huge_folder_comes_in_pieces_and_commands_pass),
		HOUSE(what_comes_behind_the_bar_is_not_looked_at),
		HOUSE(the_kernels_own_folders_are_not_gone_into),
		HOUSE(a_tree_deeper_than_can_be_said_is_truncated),
		HOUSE(what_is_no_folder_is_not_listed),
		HOUSE(more_at_once_than_there_is_room_for_is_refused),
		HOUSE(a_look_follows_links_or_sees_them),
		HOUSE(a_file_is_written_whole_with_its_mode),
		HOUSE(what_is_appended_goes_to_the_end),
		HOUSE(only_the_file_that_was_meant_is_replaced),
		HOUSE(what_is_removed_is_the_thing_itself),
		HOUSE(a_folder_goes_with_all_that_is_in_it_only_when_wished),
		HOUSE(a_tree_of_any_depth_and_size_goes_in_steps),
		HOUSE(some_things_stay_where_they_are),
		HOUSE(a_mount_in_a_tree_stops_the_removal_and_is_named),
		HOUSE(a_removal_taken_back_stops_and_its_time_is_bounded),
		HOUSE(what_is_moved_keeps_what_it_is),
		HOUSE(holes_are_not_filled_on_the_way_to_another_file_system),
		HOUSE(nothing_is_replaced_unless_that_is_wished),
		HOUSE(what_cannot_be_moved_says_why),
		HOUSE(a_move_into_another_file_system_copies_and_removes),
		HOUSE(a_copy_without_room_leaves_nothing_and_the_source_alone),
		HOUSE(a_mount_in_a_tree_is_not_copied),
		HOUSE(a_move_that_nobody_waits_for_cleans_up),
		HOUSE(every_way_to_change_a_file_is_told_once),
		HOUSE(a_file_that_is_not_there_is_waited_for),
		HOUSE(a_change_behind_a_link_is_told),
		HOUSE(a_busy_file_is_told_of_at_a_bounded_rate),
		HOUSE(as_many_as_there_is_room_for_are_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
