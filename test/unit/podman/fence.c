/* The rules around a bridge, and names that must not get into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>
#include "internal.h"

static void nasty_names_are_refused(void **state)
{
	static const char *const bad[] = {
		"",         "a b",
		"a\" drop", "a;flush ruleset",
		"a}",       "../x",
		"A",        "br-0",
		"a_b",      "a\n",
		"lo*",      "caf\xc3\xa9",
		"0abc",     "abcdefghijklmnop",
		"$(id)",    "*",
	};
	auto_buf text = BUF_INIT(16 << 10);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(interface_name_is_plain(bad[i]));
		assert_false(fence_text(bad[i], NULL, true, &text));
		assert_false(fence_removal_text(bad[i], true, &text));
		assert_int_equal(text.len, 0);
	}
	assert_true(interface_name_is_plain("sp0a1b2c3d4e5f6"));
}

static void the_rules_name_the_bridge_and_what_is_not_public(void **state)
{
	auto_buf text = BUF_INIT(16 << 10);

	(void)state;
	assert_true(fence_text("sp7", NULL, true, &text));
	assert_non_null(strstr(text.data, "table inet fence_sp7 {"));
	assert_non_null(strstr(text.data, "iifname \"sp7\" drop"));
	assert_non_null(strstr(text.data, "169.254.0.0/16"));
	assert_non_null(strstr(text.data, "iifname \"sp7\" meta nfproto != ipv4 drop"));
	assert_non_null(strstr(text.data, "iifname \"sp7\" ip daddr { 0.0.0.0/8, 10.0.0.0/8,"));
	assert_non_null(strstr(text.data, "meta ibrname \"sp7\" drop"));
	buf_clear(&text);
	assert_true(fence_text("sp7", NULL, false, &text));
	assert_null(strstr(text.data, "table bridge"));
}

/* How often a text holds another. */
static int count_of(const char *text, const char *what)
{
	int count = 0;

	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

static void gaps_come_before_what_they_are_exceptions_to_and_after_what_they_are_not(void **state)
{
	const struct podman_gap gaps[] = { { "10.1.2.3/32", 8080 },
					   { "192.168.7.0/24", 0 },
					   { 0 } };
	const char *const first = "iifname \"sp7\" ip daddr 10.1.2.3/32 meta l4proto { tcp, udp } "
				  "th dport 8080 accept\n";
	const char *const second = "iifname \"sp7\" ip daddr 192.168.7.0/24 accept\n";
	const char *through, *gap;
	auto_buf text = BUF_INIT(16 << 10);

	(void)state;
	assert_true(fence_text("sp7", gaps, true, &text));
	assert_int_equal(count_of(text.data, first), 2);
	assert_int_equal(count_of(text.data, second), 2);
	assert_true(strstr(text.data, first) < strstr(text.data, "iifname \"sp7\" drop"));
	through = strstr(text.data, "chain through");
	gap = strstr(through, first);
	assert_true(gap > strstr(through, "oifname \"sp7\" ct state"));
	assert_true(gap > strstr(through, "iifname \"sp7\" meta nfproto != ipv4 drop"));
	assert_true(gap < strstr(through, "ip daddr { 0.0.0.0/8"));
}

static void a_gap_that_is_no_network_is_refused(void **state)
{
	static const char *const bad[] = { "", "10.0.0.0/8 accept\n", "a", "::1", "1.1.1.1;" };
	auto_buf text = BUF_INIT(16 << 10);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct podman_gap gaps[] = { { bad[i], 0 }, { 0 } };

		assert_false(fence_text("sp7", gaps, true, &text));
	}
}

struct result {
	struct loop *loop;
	struct error err;
	int count;
};

static void on_done(void *ctx, const struct error *err)
{
	struct result *result = ctx;

	result->err = err ? *err : (struct error){ 0 };
	result->count++;
	loop_stop(result->loop);
}

static const char name[] = "sandpodtest";

static bool nft(const char *const *argv, struct buf *output)
{
	int status = -1;

	return tool_run(argv, NULL, output, &status, 5000) && status == 0;
}

static void delete_tables(void)
{
	static const char *const inet[] = { "nft", "delete", "table", "inet", "fence_sandpodtest",
					    NULL };
	static const char *const bridge[] = {
		"nft", "delete", "table", "bridge", "fence_sandpodtest", NULL
	};
	auto_buf output = BUF_INIT(4096);

	(void)nft(inet, &output);
	(void)nft(bridge, &output);
}

static void the_kernel_takes_the_rules_twice_and_gives_them_up_twice(void **state)
{
	static const char *const list[] = { "nft", "list", "table", "inet", "fence_sandpodtest",
					    NULL };
	auto_buf output = BUF_INIT(64 << 10);
	auto_buf nothing = BUF_INIT(4096);
	struct result result = { 0 };
	struct error err;
	const struct podman_gap gaps[] = { { "10.1.2.0/24", 53 }, { "10.9.8.7/32", 0 }, { 0 } };

	(void)state;
	if (geteuid() != 0)
		fail_msg("only root can give rules to the kernel");
	result.loop = loop_new(&err);
	for (int i = 1; i <= 2; i++) {
		assert_true(podman_fence_raise(result.loop, name, i == 1 ? gaps : NULL, on_done,
					       &result, &err));
		assert_int_equal(result.count, i - 1);
		loop_run(result.loop);
		assert_string_equal(result.err.text, "");
		assert_int_equal(result.count, i);
	}
	assert_true(nft(list, &output));
	for (int i = 3; i <= 4; i++) {
		assert_true(podman_fence_lower(result.loop, name, on_done, &result, &err));
		loop_run(result.loop);
		assert_string_equal(result.err.text, "");
		assert_int_equal(result.count, i);
	}
	assert_false(nft(list, &nothing));
	delete_tables();
	loop_free(result.loop);
	assert_non_null(strstr(output.data, "iifname \"sandpodtest\" drop"));
	assert_non_null(strstr(output.data, "192.168.0.0/16"));
	/* Twice is once. */
	assert_null(strstr(strstr(output.data, "iifname \"sandpodtest\" drop") + 1,
			   "iifname \"sandpodtest\" drop"));
}

static void a_nasty_bridge_is_not_fenced_in(void **state)
{
	struct error err;
	struct loop *loop = loop_new(&err);

	(void)state;
	assert_false(podman_fence_raise(loop, "a;flush ruleset", NULL, on_done, NULL, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_false(podman_fence_raise(loop, "abcdefghijklmnopq", NULL, on_done, NULL, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_false(podman_ports_isolate("../../x", &err));
	assert_false(podman_ports_isolate("nosuchbridge", &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nasty_names_are_refused),
		cmocka_unit_test(the_rules_name_the_bridge_and_what_is_not_public),
		cmocka_unit_test(
			gaps_come_before_what_they_are_exceptions_to_and_after_what_they_are_not),
		cmocka_unit_test(a_gap_that_is_no_network_is_refused),
		cmocka_unit_test(the_kernel_takes_the_rules_twice_and_gives_them_up_twice),
		cmocka_unit_test(a_nasty_bridge_is_not_fenced_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
