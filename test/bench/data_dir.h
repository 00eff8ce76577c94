/* Removing a data directory with a Podman storage in it. */
#ifndef DATA_DIR_H
#define DATA_DIR_H

#include <stdbool.h>
#include <stdint.h>
#include "error.h"
#include "own.h"

/* Until no process names it any more. */
bool data_dir_wait(const char *dir, int64_t wait_ms, struct error *err) must_check;
bool data_dir_remove(const char *dir, struct error *err) must_check;

#endif
