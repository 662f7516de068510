// SPDX-License-Identifier: MIT
// What a call left on the device, as Python sees it.
#include "record.hpp"

#include "../stats_record.hpp"

namespace aha_python {
namespace {

py::array_t<std::uint8_t> bytes_of_text(std::string const& text) {
  py::array_t<std::uint8_t> a(static_cast<py::ssize_t>(text.size()));
  std::memcpy(a.mutable_data(), text.data(), text.size());
  return a;
}

template <class Record = aha::loss_record>
Record record_of(device_record const& r) {
  Record on_host{};
  r.read(&on_host, sizeof on_host);
  return on_host;
}
/// A record's numbers as Python's class with a status reads them, from_array of `name`.
template <class Stats, class Numbers>
py::array_t<std::uint8_t> bytes_of_numbers(Numbers const& numbers, char const* name) {
  Stats stats;
  static_cast<Numbers&>(stats) = numbers;
  return bytes_of_text(packed_bytes(stats, name));
}

}  // namespace

void device_record::read(void* to, std::size_t size) const {
  device_guard const guard(device_, "record");
  py::gil_scoped_release const unlocked;
  require(cudaMemcpyAsync(to, memory_.data, size, cudaMemcpyDeviceToHost, stream_), "record");
  require(cudaStreamSynchronize(stream_), "record");
}

py::object device_record::loss() const {
  if (from_ == library::other) {
    double loss = 0;
    read(&loss, sizeof loss);
    return py::float_(loss);
  }
  static PyObject* const first = PyLong_FromLong(0);
  PyObject* const item = PyObject_GetItem(memory_.owner.ptr(), first);
  if (item == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(item);
}

void bind_record(py::module_& m) {
  static_assert(offsetof(aha::loss_record, loss) == 0, "the loss is the first number of the scratch memory");
  py::class_<device_record>(m, "record", py::module_local(), "What a call left on the device.")
      .def_property_readonly("loss", &device_record::loss, "The loss, on the device.")
      .def_property_readonly("memory", &device_record::memory, "The memory that the record begins.")
      .def(
          "stats", [](device_record const& r) { return bytes_of_text(packed_bytes(record_of(r).stats, "loss_stats")); },
          "The statistics as bytes, for aha.loss_stats.from_array. Waits for the device.")
      .def(
          "bad_targets", [](device_record const& r) { return record_of(r).bad_targets; },
          "Target ids outside of the vocabulary. Waits for the device.")
      .def(
          "bad_offsets", [](device_record const& r) { return record_of(r).bad_offsets; },
          "Entries of the layout that are out of order. Waits for the device.")
      .def(
          "groups",
          [](device_record const& r) {
            auto const on_host = record_of<aha::advantage_record>(r);
            return py::make_tuple(bytes_of_numbers<aha::advantage_stats>(on_host.stats, "advantage_stats"),
                                  on_host.bad_offsets, on_host.beyond);
          },
          "Of advantages: (the bytes of aha.advantage_stats, bad_offsets, beyond). Waits for the device.")
      .def(
          "column",
          [](device_record const& r) {
            auto const on_host = record_of<aha::column_record>(r);
            return py::make_tuple(bytes_of_numbers<aha::column_stats>(on_host.stats, "column_stats"), on_host.beyond);
          },
          "Of a column: (the bytes of column_stats, beyond). Waits for the device.")
      .def(
          "count",
          [](device_record const& r) {
            std::int64_t n = 0;
            r.read(&n, sizeof n);
            return n;
          },
          "The one number of a record that is a count. Waits for the device.");
  aha::loss_stats const none;
  m.attr("stats_offset") = offsetof(aha::loss_record, stats);
  m.attr("stats_tag") = bytes_of_text(packed_bytes(none, "loss_stats").substr(0, 8));
  m.attr("stats_bytes") = sizeof(aha::loss_stats);
}

}  // namespace aha_python
