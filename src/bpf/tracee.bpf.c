/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The one BPF object. Every section name starts with '?': user space picks what
 * this kernel can load. packet.h describes the data path, owner.h who gets the
 * credit, process.h what becomes of processes.
 */
#include "wire.h"

#include "kernel.h"
#include "classify.h"
#include "filter.h"
#include "maps.h"
#include "owner.h"
#include "accept.h"
#include "late.h"
#include "packet.h"
#include "process.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
