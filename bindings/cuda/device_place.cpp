// SPDX-License-Identifier: MIT
// Arrays of `_aha_cuda` lie on one device, and are read and written on one stream.
#include "device_place.hpp"

#include <cuda.h>
#include <pybind11/eval.h>

#include <aha/cuda/exec.cuh>

#include "../array_place.hpp"
#include "../owned_array.hpp"

namespace aha_python {
namespace {

thread_local device_call* current_call = nullptr;

constexpr std::int64_t cuda_device = 2;  // of DLPack
constexpr std::int64_t cuda_managed = 13;
cudaStream_t const legacy_stream = cudaStreamLegacy;

/// The driver's functions, found at run time: the module loads where there is no driver.
template <class Function>
Function* driver(char const* name, char const* function) {
  void* f = nullptr;
  cudaDriverEntryPointQueryResult found{};
  require(cudaGetDriverEntryPointByVersion(name, &f, 12000, cudaEnableDefault, &found), function);
  return reinterpret_cast<Function*>(f);
}

struct names_of_torch {
  py::handle tensor, current_stream;
};
/// References are kept for the life of the process. torch has been imported: the argument may be one of its tensors.
names_of_torch const* torch_names() {
  static names_of_torch names;
  if (names.tensor) return &names;
  PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), "torch");
  if (module == nullptr || !py::hasattr(module, "Tensor") || !py::hasattr(module, "nn")) return nullptr;
  py::handle const torch(module);
  py::object const binding = torch.attr("_C");
  // The stream's handle by itself: torch.cuda.current_stream makes an object of it, which costs ten times as much.
  names.current_stream = py::hasattr(binding, "_cuda_getCurrentRawStream")
                             ? py::object(binding.attr("_cuda_getCurrentRawStream")).release()
                             : py::eval("lambda i: __import__('torch').cuda.current_stream(i).cuda_stream").release();
  names.tensor = py::object(torch.attr("Tensor")).release();
  return &names;
}

bool is_cupy(py::handle object) {
  std::string const module = py::str(py::type::handle_of(object).attr("__module__"));
  return module.rfind("cupy", 0) == 0;
}
/// CuPy's own, looked up once; references are kept for the life of the process.
struct names_of_cupy {
  py::handle empty, device, current_stream;
};
names_of_cupy const& cupy_names() {
  static names_of_cupy const names = [] {
    py::module_ const cupy = py::module_::import("cupy");
    auto const kept = [](py::object x) { return x.release(); };
    return names_of_cupy{kept(cupy.attr("empty")), kept(cupy.attr("cuda").attr("Device")),
                         kept(cupy.attr("cuda").attr("get_current_stream"))};
  }();
  return names;
}

/// An array of CuPy's on the call's device, which its allocator takes from the current one.
py::object cupy_empty(py::object const& shape, py::object const& type, int device) {
  py::object const on = cupy_names().device(device);
  on.attr("__enter__")();
  py::object result;
  try {
    result = cupy_names().empty(shape, py::arg("dtype") = type);
  } catch (py::error_already_set& e) {
    e.restore();  // the device is put back first
    PyObject *t = nullptr, *v = nullptr, *b = nullptr;
    PyErr_Fetch(&t, &v, &b);
    on.attr("__exit__")(py::none(), py::none(), py::none());
    PyErr_Restore(t, v, b);
    throw py::error_already_set();
  }
  on.attr("__exit__")(py::none(), py::none(), py::none());
  return result;
}
/// Memory of the call's device for arrays of libraries that learn of it by DLPack. They may drop it while their own
/// streams still read it, so that it is freed when the device is idle.
owned_memory device_bytes(std::int64_t bytes) {
  device_call& call = device_call::now();
  call.enter();
  int const device = call.device();
  void* data = nullptr;
  require(cudaMallocAsync(&data, static_cast<std::size_t>(bytes < 1 ? 1 : bytes), call.stream()), call.function());
  return {{static_cast<std::int32_t>(cuda_device), device}, std::shared_ptr<void>(data, [device](void* p) {
            try {
              device_guard const guard(device, "device");
              if (cudaDeviceSynchronize() == cudaSuccess) (void)cudaFreeAsync(p, legacy_stream);
            } catch (...) {  // the process ends, and the device with it
            }
          })};
}

void* cupy_pointer(py::handle array) {
  return reinterpret_cast<void*>(array.attr("data").attr("ptr").cast<std::uintptr_t>());
}

}  // namespace

void require(cudaError_t code, char const* function) {
  if (code == cudaSuccess) return;
  (void)cudaGetLastError();
  aha::status const s = aha::bad_argument(function, "device", "success",
                                          aha::text(cudaGetErrorName(code), ": ", cudaGetErrorString(code)));
  throw aha::cuda_error(s.message(), code);
}

device_guard::device_guard(int device, char const* function) {
  static auto* const get = driver<CUresult(CUcontext*)>("cuCtxGetCurrent", function);
  CUcontext before = nullptr;
  if (get(&before) == CUDA_SUCCESS) before_ = before;
  require(cudaSetDevice(device), function);
  CUcontext now = nullptr;
  changed_ = get(&now) == CUDA_SUCCESS && now != before;
}
device_guard::~device_guard() {
  if (!changed_ || before_ == nullptr) return;
  try {
    static auto* const set = driver<CUresult(CUcontext)>("cuCtxSetCurrent", "device");
    (void)set(static_cast<CUcontext>(before_));
  } catch (...) {  // it was found before
  }
}

device_call::device_call(py::handle leading, argument where)
    : leading_name_(where), leading_(leading), outer_(current_call) {
  names_of_torch const* const torch = torch_names();
  if (torch != nullptr && PyObject_IsInstance(leading.ptr(), torch->tensor.ptr()) == 1) {
    from_ = library::torch;
    device_ = leading.attr("get_device")().cast<int>();
    stream_ = reinterpret_cast<cudaStream_t>(torch->current_stream(device_).cast<std::uintptr_t>());
  } else if (is_cupy(leading)) {
    from_ = library::cupy;
    device_ = leading.attr("device").attr("id").cast<int>();
    py::object const stream = cupy_names().current_stream(device_);
    stream_ = reinterpret_cast<cudaStream_t>(stream.attr("ptr").cast<std::uintptr_t>());
  } else {
    py::tuple const at = leading.attr("__dlpack_device__")();
    device_ = at[1].cast<int>();
    stream_ = legacy_stream;
    waits_ = true;
  }
  current_call = this;
}
void device_call::enter() {
  if (!guard_) guard_ = std::make_unique<device_guard>(device_, function());
}
device_call::~device_call() { current_call = outer_; }

device_call& device_call::now() {
  if (current_call == nullptr) throw std::logic_error("aha: an array was looked at outside of a call on a device");
  return *current_call;
}

device_memory device_call::scratch(std::int64_t bytes) {
  enter();
  std::int64_t const numbers = (bytes + 7) / 8;
  if (from_ == library::torch) {
    py::object const on = leading_.attr("device");
    written_array memory = new_tensor(dtype::f64, &numbers, 1, on, leading_name_);
    return {std::move(memory.object), memory.view.data};
  }
  if (from_ == library::cupy) {
    py::object memory = cupy_empty(py::int_(numbers), py::str("float64"), device_);
    void* const data = cupy_pointer(memory);
    return {std::move(memory), data};
  }
  void* data = nullptr;
  require(cudaMallocAsync(&data, static_cast<std::size_t>(numbers) * 8, stream_), function());
  // Freed behind the work that used it.
  return {py::capsule(data, [](void* p) { (void)cudaFreeAsync(p, legacy_stream); }), data};
}

written_array device_call::number(dtype type) {
  enter();
  return new_tensor(type, nullptr, 0, leading_.attr("device"), leading_name_);
}

void device_call::finish() {
  if (!waits_) return;
  py::gil_scoped_release const unlocked;
  require(cudaStreamSynchronize(stream_), function());
}

void refuse_threads(call_arguments const& call, int threads) {
  if (threads != 0) wrong_value({call.function(), "threads"}, "0 on a device", aha::text(threads));
}

void wrong_device(argument where, std::string_view device) {
  device_call const& call = device_call::now();
  bool const leads = std::string_view(where.name) == call.leading();
  wrong_value(where, call.device_name() + (leads ? std::string() : aha::text(" like ", call.leading())), device);
}

namespace array_place {

char const* const kinds = "an array on a CUDA device (torch, CuPy, JAX, or anything with __dlpack__)";

void require_torch(py::handle tensor, argument where) {
  static PyObject* const is_cuda = PyUnicode_InternFromString("is_cuda");
  static PyObject* const get_device = PyUnicode_InternFromString("get_device");
  PyObject* const on = PyObject_GetAttr(tensor.ptr(), is_cuda);
  if (on == nullptr) throw py::error_already_set();
  Py_DECREF(on);
  if (on == Py_True) {
    PyObject* const index = PyObject_CallMethodNoArgs(tensor.ptr(), get_device);
    if (index == nullptr) throw py::error_already_set();
    long const device = PyLong_AsLong(index);
    Py_DECREF(index);
    if (device == device_call::now().device()) return;
  }
  wrong_device(where, std::string(py::str(tensor.attr("device"))));
}
void require_numpy(argument where) { wrong_device(where, "a NumPy array"); }
bool is_here(std::int64_t type, std::int64_t index) {
  bool const on_cuda = type == cuda_device || type == cuda_managed;
  return on_cuda && index == device_call::now().device();
}
void require_dlpack(std::int64_t type, std::int64_t index, argument where) {
  if (!is_here(type, index)) wrong_device(where, dlpack::device_name(type, index));
}

void ask(py::handle object, py::dict& keywords) {
  device_call& call = device_call::now();
  // The protocol has no 0: the legacy default stream is 1.
  std::uintptr_t const stream = reinterpret_cast<std::uintptr_t>(call.stream());
  keywords["stream"] = py::int_(stream == 0 ? 1 : stream);
  if (!is_cupy(object)) call.waits();
}

bool is_ours(py::handle object, array_view& a) {
  owned_array const* const ours = as_owned(object);
  if (ours != nullptr) a = ours->view();
  return ours != nullptr;
}

py::object new_array(array_view const& like, dtype type, std::int64_t const* shape, int rank, argument where) {
  device_call const& call = device_call::now();
  if (call.from() == library::cupy) {
    py::tuple size(static_cast<std::size_t>(rank));
    for (int i = 0; i < rank; ++i) size[static_cast<std::size_t>(i)] = py::int_(shape[i]);
    return cupy_empty(size, py::str(name_of(type)), call.device());
  }
  if (!like.from_dlpack) {
    wrong_type(where, "a buffer to write to (this array's library makes no arrays from DLPack)", "none");
  }
  return py::cast(owned_array(like.from_dlpack, type, shape, rank, &device_bytes));
}

}  // namespace array_place

py::object handed_over(py::object result) {
  owned_array const* const ours = result ? as_owned(result) : nullptr;
  if (ours == nullptr) return result;
  device_call::now().finish();
  return ours->from_dlpack()(result);
}

}  // namespace aha_python
