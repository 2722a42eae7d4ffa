{
    'name': 'shop',
    'version': '19.0.1.1',
    'license': 'LGPL-3',
    'installable': True,
}
