/* Removing a data directory with a Podman storage in it, once nobody uses it. */
#ifndef DATA_DIR_H
#define DATA_DIR_H

#include <stdbool.h>
#include "error.h"
#include "own.h"

bool data_dir_remove(const char *dir, struct error *err) must_check;

#endif
