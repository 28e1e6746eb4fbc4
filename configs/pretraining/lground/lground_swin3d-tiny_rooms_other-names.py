# What the language is worth: the labels are right, but each class has the text of another one, so that
# nothing follows from which texts are near
_base_ = ['./lground_swin3d-tiny_rooms.py']

# Structured3D's names, nine places on
names = [
    *('picture', 'desk', 'shelves', 'curtain', 'dresser', 'pillow', 'mirror', 'ceiling', 'refrigerator'),
    *('television', 'nightstand', 'sink', 'lamp', 'otherstructure', 'otherfurniture', 'otherprop', 'wall'),
    *('floor', 'cabinet', 'bed', 'chair', 'sofa', 'table', 'door', 'window'),
]
model = dict(decode_head=dict(class_names=names))
