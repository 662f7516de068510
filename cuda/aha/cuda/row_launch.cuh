// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/device_facts.cuh>
#include <aha/cuda/row_on_chip.cuh>
#include <aha/cuda/row_write.cuh>

AHA_NAMESPACE_BEGIN

/// How many blocks share a row of so many bytes; 0: too long for shared memory. Several blocks a multiprocessor hide each
/// other's waiting, whatever row they have: slices of 40 to 75 KB are best, then those below 104 KB.
///
/// Measured on an H100 (132 multiprocessors, copy 3.0 TB/s), `loss_from_logits` of [8192, V] bf16, blocks: percent of a copy
///   32000   1: 88.7  2: 83.1               50257   1: 90.4  2: 91.4  3: 77.8       65536   1: 88.6  2: 92.9  3: 89.9
///   100352  2: 94.9  3: 95.2  4: 95.2      128256  3: 95.4  4: 95.7  5: 94.9       129280  3: 95.1  4: 95.9  5: 95.3
///   151936  3: 96.1  4: 95.0  5: 96.1      202048  4: 96.6  5: 94.9  6: 96.8  8: 95.6      248320  5: 96.2  6: 95.6  7: 96.5
/// (single calls; as bench/ measures, all are 2 to 3 higher)
inline int row_cluster(std::int64_t bytes, int shared_a_block) {
  struct choice {
    int kilobytes;  ///< rows up to so many
    int cluster;
  };
  constexpr choice best[] = {{76, 1}, {150, 2}, {255, 4}, {330, 5}, {400, 6}, {505, 7}, {624, 6}, {832, 8}};
  constexpr std::int64_t kilobyte = 1024;
  std::int64_t const room = shared_a_block - 4 * kilobyte;
  for (choice const& c : best) {
    if (bytes <= c.kilobytes * kilobyte && bytes <= c.cluster * room) return c.cluster;
  }
  return bytes <= max_row_cluster * room ? max_row_cluster : 0;
}

/// Threads of a block in every vocabulary kernel but the two sweeps: more are slower, fewer leave loads waiting.
inline constexpr int row_threads = 256;
inline constexpr int sweep_threads = 512;

/// The largest vocabulary: positions in a row are 32-bit.
inline constexpr std::int64_t most_vocabulary = std::int64_t(1) << 30U;

AHA_KERNELS_BEGIN

/// Calls f with a null pointer of the storage type; float64 has been refused.
template <class F>
void for_stored_type(dtype d, F const& f) {
  if (d == dtype::bfloat16) {
    f(static_cast<bfloat16*>(nullptr));
  } else if (d == dtype::float16) {
    f(static_cast<float16*>(nullptr));
  } else {
    f(static_cast<float*>(nullptr));
  }
}
/// Calls f with std::true_type or std::false_type.
template <class F>
void for_flag(bool flag, F const& f) {
  flag ? f(std::true_type()) : f(std::false_type());
}

/// Loss and gradient of every row of one storage type. A function of its own, which a program may compile apart.
template <class Stored, class Source>
void launch_stored_row_losses(launcher& launch, row_problem const& p, Source const& source) {
  device_limits limits;
  launch.take(limits_of_device(limits));
  if (!launch.ok()) return;
  std::int64_t const bytes = p.rows.vocabulary * static_cast<std::int64_t>(sizeof(Stored));
  auto const on_chip = row_on_chip_kernel<Stored, row_threads, Source>;
  static kernel_facts of_on_chip;
  int const cluster =
      prepare_kernel(launch, limits, on_chip, of_on_chip) ? row_cluster(bytes, limits.shared_a_block) : 0;
  if (cluster > 0) {
    row_on_chip_shape const shape = shape_of_row<Stored>(p.rows.vocabulary, cluster);
    return launch.clusters(on_chip, p.rows.size(), cluster, row_threads, shape.shared_bytes, p, shape, source);
  }
  // Two blocks a multiprocessor, each with half of its shared memory for the row.
  int const share = limits.shared_a_processor / 2 - 3 * 1024;
  int const kept_bytes = share < bytes ? share / granule_bytes * granule_bytes : static_cast<int>(bytes);
  auto const two_sweeps = row_two_sweeps_kernel<Stored, sweep_threads, Source>;
  static kernel_facts of_two_sweeps;
  prepare_kernel(launch, limits, two_sweeps, of_two_sweeps);
  launch.clusters(two_sweeps, p.rows.size(), 1, sweep_threads, kept_bytes, p, kept_bytes / granule_bytes, source);
}

/// Loss and gradient of every row.
template <class Source>
void launch_row_losses(launcher& launch, row_problem const& p, Source const& source) {
  if (!launch.ok() || p.rows.vocabulary == 0) return;
  for_stored_type(p.rows.type, [&](auto* tag) {
    launch_stored_row_losses<std::remove_pointer_t<decltype(tag)>>(launch, p, source);
  });
}

/// One read of every row.
template <class Sink>
void launch_row_softmax(launcher& launch, row_problem const& p, bool entropy, Sink const& sink) {
  for_stored_type(p.rows.type, [&](auto* tag) {
    using Stored = std::remove_pointer_t<decltype(tag)>;
    for_flag(entropy, [&](auto flag) {
      launch(row_softmax_kernel<Stored, row_threads, decltype(flag)::value, Sink>, p.rows.size(), row_threads, 0, p,
             sink);
    });
  });
}

/// The gradient of every row from its coefficients.
template <class Source>
void launch_row_gradients(launcher& launch, row_problem const& p, bool entropy, Source const& source) {
  if (p.rows.vocabulary == 0) return;  // an empty shard
  for_stored_type(p.rows.type, [&](auto* tag) {
    using Stored = std::remove_pointer_t<decltype(tag)>;
    for_flag(entropy, [&](auto flag) {
      launch(row_gradient_kernel<Stored, row_threads, decltype(flag)::value, Source>, p.rows.size(), row_threads, 0, p,
             source);
    });
  });
}

AHA_KERNELS_END
AHA_NAMESPACE_END
