/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Leases of addresses. Each network that is in use has a file below /run/berth/network, with its settings in it
 * (network-config.h). A lease is a lock on the byte of that file whose number the address has in the subnet (see
 * lock-file.h): handed to the supervisor, it goes with the machine, whatever ends it, and no address can be given
 * twice. Nobody serves leases, so that a start needs no daemon.
 */

#include "network-config.h"

#define POOL_DIRECTORY BERTH_RUN_DIR "/network"

/* Opens the folder, making it (0700) where it is missing. The descriptor or a negative errno. */
int pool_open_directory(const char *path);

/* What a machine would like to have. */
typedef struct PoolWish {
        const char *seed;        /* the machine's name fixes where the search begins */
        const char *state;       /* where the networks are that were created (store.h): no other one gets their addresses */
        IpAddress address, address6; /* none: any */
} PoolWish;

typedef struct PoolLease {
        IpAddress address, address6; /* with the subnets' prefix lengths; none: the network has no such subnet */
        int lock;
} PoolLease;

/*
 * Takes addresses of a network. WANTED says what the network shall be where it is not in use yet: what it leaves open is
 * decided then, and stays for as long as the network is in use. *ret_config and the lock are the caller's.
 */
int pool_take(int directory, const NetworkConfig *wanted, const PoolWish *wish, NetworkConfig *ret_config, PoolLease *ret,
              Error *error);

/* Reads the settings of a network in use. -ENOENT where it is not. */
int pool_read(int directory, const char *name, NetworkConfig *ret, Error *error);

/* The name of a network in use that has a part of SUBNET, the caller's, or NULL (also where that cannot be found out). */
char *pool_find_overlap(int directory, const IpAddress *subnet);

/* The names of all networks in use, appended in no order. 0 or a negative errno. */
int pool_list(int directory, char ***names);

/* Whether one of a network's addresses is leased, to whomever: 1, 0 (also where the network is not in use), a negative errno. */
int pool_is_leased(int directory, const char *name);

/* Forgets a network that has no leases. -EBUSY where it has some. 1 where it did, 0 where it was not in use. */
int pool_forget(int directory, const char *name);
